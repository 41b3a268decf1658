#pragma once
// chela for C++ applications: describe a problem, get an operation, launch it on your own stream.
//
//     chela::Session session;                                   // reads CHELA_* from the environment, once
//     chela::Op op = session.get(chela::LinearAttention{.head_dim = 128, .batch = 8, .heads = 16, .length =
//     4096}); chela::Arguments arguments = op.arguments(); arguments.tensor("q", q).tensor("k",
//     k).tensor("v", v).tensor("o", o); op.launch(stream, arguments);

#include "codegen/arguments.hpp"
#include "codegen/error.hpp"
#include "codegen/family.hpp"
#include "runtime/session.hpp"
#include "templates/families.hpp"
#include "templates/linear_attention/problem.hpp"
#include "templates/linear_attention_decode/problem.hpp"
#include "templates/long_conv/problem.hpp"
#include "templates/short_conv/problem.hpp"
#include "templates/short_long_conv/merge.hpp"
#include "templates/short_long_conv/problem.hpp"
