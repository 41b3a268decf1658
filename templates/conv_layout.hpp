#pragma once
// What the families of depthwise convolutions have in common: tensors [batch, length, channels] or
// [batch, channels, length], whose rows are their innermost dimension.

#include "codegen/family.hpp"

namespace chela {

enum class ConvLayout { channels_last, channels_first };

ConvLayout conv_layout(const Values& traits);

/// The traits `layout` and `alignment`.
Field conv_layout_field();
Field conv_alignment_field();

/// Sets the alignment where it was left out to that of contiguous rows. Throws UserError where it is none
/// that the elements can have.
void set_conv_alignment(Values& traits, const Values& extents);

/// The dimensions of a tensor in the layout's order: channels change places with the tokens before them where
/// its spec has {…, tokens, "channels"}.
std::vector<std::string> conv_dims(const Values& traits, const TensorSpec&);

} // namespace chela
