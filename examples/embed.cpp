// The README's example: linear attention on tensors that the application owns, here plain vectors on the CPU.

#include <chela/chela.hpp>

#include <cstdio>
#include <vector>

int main() {
    chela::Options options = chela::Options::from_env();
    options.target = "cpu"; // so that it runs anywhere; leave it out for the first GPU
    chela::Session session(options);
    const chela::Op op = session.get(chela::LinearAttention{
        .head_dim = 64, .dtype = chela::DType::fp32, .batch = 1, .length = 1000, .heads = 4});

    // Every key is (1, 0, …, 0) and every value 1: with scale 1, token t sees itself and the t tokens before
    // it.
    std::vector<float> q(1000 * 4 * 64), k(q), v(q.size(), 1.0f), o(q);
    for (std::size_t row = 0; row < q.size(); row += 64) q[row] = k[row] = 1.0f;
    std::vector<std::byte> workspace;

    chela::Arguments arguments = op.arguments();
    arguments.tensor("q", q.data()).tensor("k", k.data()).tensor("v", v.data()).tensor("o", o.data());
    arguments.scalar("scale", 1.0);
    workspace.resize(op.workspace_bytes(arguments));
    arguments.workspace(workspace.data(), workspace.size());
    op.launch(nullptr, arguments);

    std::printf("%s: o[first token] = %g, o[last token] = %g\n", op.config().to_string().c_str(),
                static_cast<double>(o.front()), static_cast<double>(o.back()));
    return o.front() == 1.0f && o.back() == 1000.0f ? 0 : 1;
}
