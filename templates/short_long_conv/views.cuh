#pragma once
// The arguments of the short and of the long convolution that a short-long one is made of. For the bodies of
// all targets, which include their prelude first.

namespace chela {

CHELA_DEVICE long long round_up(long long value, long long multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

//@if arrangement == sequential
/// Where the short convolution leaves its outputs, at the beginning of the workspace: rows in the layout of
/// x, from a multiple of 16 bytes each.
template <class Config, class Arguments>
struct Between {
    using Element = typename Config::Element;
    long long row, sequence, bytes;

    CHELA_DEVICE explicit Between(const Arguments& arguments) {
        constexpr int together = 16 / int(sizeof(Element));
        //@if layout == channels_last
        row = round_up(arguments.channels, together);
        sequence = row * arguments.length;
        //@else
        row = round_up(arguments.length, together);
        sequence = row * arguments.channels;
        //@end
        bytes = sequence * arguments.batch * int(sizeof(Element));
    }
};

template <class Config, class Arguments>
CHELA_DEVICE Arguments short_view(Arguments arguments) {
    const Between<Config, Arguments> between(arguments);
    arguments.y = static_cast<typename Config::Element*>(arguments.workspace);
    arguments.y_stride[0] = between.sequence;
    arguments.y_stride[1] = between.row;
    return arguments;
}
//@end

template <class Config, class Arguments>
CHELA_DEVICE Arguments long_view(Arguments arguments) {
    //@if arrangement == parallel
    // The merged kernel comes first of what is prepared.
    arguments.kernel = static_cast<const float*>(arguments.prepared);
    arguments.kernel_stride[0] = arguments.kernel_length;
    arguments.prepared = static_cast<unsigned char*>(arguments.prepared) +
                         16 * round_up(arguments.channels, 4) / 4 * arguments.kernel_length;
    //@elif !short_in_loading
    const Between<Config, Arguments> between(arguments);
    arguments.x = static_cast<const typename Config::Element*>(arguments.workspace);
    arguments.x_stride[0] = between.sequence;
    arguments.x_stride[1] = between.row;
    arguments.workspace = static_cast<unsigned char*>(arguments.workspace) + between.bytes;
    //@end
    return arguments;
}

} // namespace chela
