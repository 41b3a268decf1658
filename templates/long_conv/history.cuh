#pragma once
// What was before the first token. For the bodies of all targets, which include their prelude first.

namespace chela {

/// Input number `token` of a channel, token < 0: of the kernel_length - 1 before the sequence, what the
/// initial state holds; zero for others.
template <class Element, class Arguments>
CHELA_DEVICE Element history(const Arguments& arguments, int batch, int channel, int token) {
    const int slot = token + arguments.kernel_length - 1;
    if (slot < 0 || !arguments.initial_state) return Element{};
    const auto* const state = arguments.initial_state + batch * arguments.initial_state_stride[0];
    //@if layout == channels_last
    return state[slot * arguments.initial_state_stride[1] + channel];
    //@else
    return state[channel * arguments.initial_state_stride[1] + slot];
    //@end
}

} // namespace chela
