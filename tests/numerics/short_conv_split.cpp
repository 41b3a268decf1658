// Short convolutions in pieces.

#include "tests/numerics/short_conv_grid.hpp"
#include "tests/numerics/split.hpp"

#include <numeric>

namespace chela::tests {

std::vector<std::pair<ShortConv, std::vector<int>>> short_conv_splits() {
    std::vector<std::pair<ShortConv, std::vector<int>>> list;
    for (const ConvLayout layout : {ConvLayout::channels_last, ConvLayout::channels_first})
        for (const ConvState state : {ConvState::carried, ConvState::in_place})
            for (const int width : {2, 4, 32})
                for (const auto& pieces : {std::vector<int>(20, 1), {17, 1, 2, 40, 3}, {0, 100, 0, 1}})
                    list.push_back({{.width = width,
                                     .activation = Activation::silu,
                                     .bias = true,
                                     .residual = Residual::tensor,
                                     .state = state,
                                     .layout = layout,
                                     .dtype = DType::fp32,
                                     .batch = 3,
                                     .channels = 20},
                                    pieces});
    return list;
}

double split_difference(Session& session, ShortConv description, const std::vector<int>& pieces) {
    description.alignment = static_cast<int>(size_of(description.dtype)); // pieces begin anywhere
    description.length = std::accumulate(pieces.begin(), pieces.end(), 0);
    const Problem problem = description;
    description.state = ConvState::carried; // the whole of it begins with zeros
    return split_difference(session, problem, description, pieces);
}

} // namespace chela::tests
