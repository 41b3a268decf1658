#include "templates/conv_layout.hpp"

#include "templates/alignment.hpp"

#include <utility>

namespace chela {

ConvLayout conv_layout(const Values& traits) { return static_cast<ConvLayout>(traits["layout"]); }

Field conv_layout_field() {
    return Field::choice("layout", {"channels_last", "channels_first"}, 0,
                         "of x and y: [batch, length, channels] or [batch, channels, length]");
}

Field conv_alignment_field() {
    return Field::integer("alignment", 2, 16, 0,
                          "bytes that every row of x and y starts at a multiple of (default: as contiguous)");
}

void set_conv_alignment(Values& traits, const Values& extents) {
    const std::int64_t size = size_of(static_cast<DType>(traits["dtype"])), asked = traits["alignment"];
    check_alignment(asked, size, "16-bit types");
    const char* const row = conv_layout(traits) == ConvLayout::channels_last ? "channels" : "length";
    if (asked == 0) traits.set("alignment", natural_alignment(extents[row] * size));
}

std::vector<std::string> conv_dims(const Values& traits, const TensorSpec& tensor) {
    std::vector<std::string> dims = tensor.dims;
    if (dims.size() == 3 && dims[2] == "channels" && conv_layout(traits) == ConvLayout::channels_first)
        std::swap(dims[1], dims[2]);
    return dims;
}

} // namespace chela
