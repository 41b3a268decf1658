#pragma once
// The transform of the long convolution on the CPU, of one complex polynomial of Config::points coefficients
// for each lane of a vector: its values at the roots of t^points = i. So a product of two transforms is that
// of the polynomials' product modulo t^points - i: what comes round the end comes round multiplied by i,
// where real inputs do not meet it (a right-angle convolution).

#include "prelude/cpu/elements.h"
//@if transform == fftw
#include "prelude/cpu/fftw.h"
//@end

namespace chela {

struct Complex {
    Vector re, im;
};
CHELA_INLINE Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
CHELA_INLINE Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
CHELA_INLINE Complex operator*(const Complex& a, const Complex& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
CHELA_INLINE Complex times_i(const Complex& a) { return {-a.im, a.re}; }

/// Complex values of `lanes` channels: re and im of each side by side, for all channels of a tile.
template <int tile_channels>
struct Points {
    static constexpr int pitch = 2 * tile_channels; ///< floats from one to the next
    float* first;

    CHELA_INLINE Complex load(int i) const {
        return {chela::load(first + i * pitch), chela::load(first + i * pitch + tile_channels)};
    }
    CHELA_INLINE void store(int i, const Complex& value) const {
        chela::store(first + i * pitch, value.re);
        chela::store(first + i * pitch + tile_channels, value.im);
    }
    CHELA_INLINE Points from(int i) const { return {first + i * pitch}; }
};

/// A number of magnitude 1, the same for all lanes.
template <class Real>
struct RootOf {
    Real re, im;
};
using Root = RootOf<float>;
CHELA_INLINE Complex operator*(const Complex& a, const Root& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
CHELA_INLINE Root conjugate(const Root& root) { return {root.re, -root.im}; }
constexpr Root rounded(const RootOf<double>& root) {
    return {static_cast<float>(root.re), static_cast<float>(root.im)};
}
constexpr RootOf<double> product(const RootOf<double>& a, const RootOf<double>& b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}
/// e^(2 pi i turns) for turns from 0 to 1/4, by its series.
constexpr RootOf<double> root_of_unity(double turns) {
    const double angle = 6.283185307179586 * turns;
    RootOf<double> root = {1, 0};
    double term = 1;
    for (int i = 1; i < 18; i += 2) {
        term *= angle / i;
        root.im += term;
        term *= -angle / (i + 1);
        root.re += term;
    }
    return root;
}

//@if transform == generated
/// Where t^size = r: s with s^4 = r, its square and its cube. Then t^size - r is the product of t^(size/4) -
/// u over u = s, -s, is, -is.
struct Node {
    Root root, square, cube;
};
/// A polynomial modulo t^points - i at node 0; at the nodes 4 n + 1 to 4 n + 4, in this order, that of node n
/// modulo its four factors.
template <int count>
struct Tree {
    Node node[count];
};
template <int count>
constexpr Tree<count> make_tree() {
    constexpr double turns_of_factor[] = {0, 0.5, 0.25, 0.75};
    Tree<count> tree{};
    double turns[4 * count + 1] = {0.25}; // of r
    for (int i = 0; i < count; ++i) {
        const auto root = root_of_unity(turns[i] / 4), square = product(root, root);
        tree.node[i] = {rounded(root), rounded(square), rounded(product(root, square))};
        for (int child = 0; child < 4; ++child)
            turns[4 * i + 1 + child] = turns[i] / 4 + turns_of_factor[child];
    }
    return tree;
}
template <int points>
inline constexpr auto tree = make_tree<(points - 1) / 3>();

/// From a polynomial at a node to its values at the roots below.
template <int points, int size = points, class Row>
inline void transform(const Row& row, int number = 0) {
    constexpr int quarter = size / 4;
    const Node& node = tree<points>.node[number];
    for (int i = 0; i < quarter; ++i) {
        const Complex a = row.load(i), b = row.load(i + quarter) * node.root,
                      c = row.load(i + 2 * quarter) * node.square, d = row.load(i + 3 * quarter) * node.cube;
        const Complex sum = a + c, difference = a - c, odd_sum = b + d, odd_difference = times_i(b - d);
        row.store(i, sum + odd_sum);
        row.store(i + quarter, sum - odd_sum);
        row.store(i + 2 * quarter, difference + odd_difference);
        row.store(i + 3 * quarter, difference - odd_difference);
    }
    if constexpr (quarter > 1)
        for (int child = 0; child < 4; ++child)
            transform<points, quarter>(row.from(child * quarter), 4 * number + 1 + child);
}

/// Undoes transform(), and multiplies by `points`.
template <int points, int size = points, class Row>
inline void transform_back(const Row& row, int number = 0) {
    constexpr int quarter = size / 4;
    if constexpr (quarter > 1)
        for (int child = 0; child < 4; ++child)
            transform_back<points, quarter>(row.from(child * quarter), 4 * number + 1 + child);
    const Node& node = tree<points>.node[number];
    for (int i = 0; i < quarter; ++i) {
        const Complex a = row.load(i), b = row.load(i + quarter), c = row.load(i + 2 * quarter),
                      d = row.load(i + 3 * quarter);
        const Complex sum = a + b, difference = a - b, other_sum = c + d, other_difference = times_i(c - d);
        row.store(i, sum + other_sum);
        row.store(i + quarter, (difference - other_difference) * conjugate(node.root));
        row.store(i + 2 * quarter, (sum - other_sum) * conjugate(node.square));
        row.store(i + 3 * quarter, (difference + other_difference) * conjugate(node.cube));
    }
}
//@else
/// Coefficient n is multiplied by e^(pi i n / (2 points)), so that i, which t^points is, becomes the 1 of
/// FFTW's transform.
template <int count>
struct Turns {
    Root turn[count];
};
template <int count>
constexpr Turns<count> make_turns() {
    Turns<count> turns{};
    for (int i = 0; i < count; ++i) turns.turn[i] = rounded(root_of_unity(0.25 * i / count));
    return turns;
}
template <int points>
inline constexpr auto turns = make_turns<points>();

/// From a polynomial to its values at the roots, in FFTW's order.
template <int points, class Row>
inline void transform(const Row& row) {
    for (int i = 0; i < points; ++i) row.store(i, row.load(i) * turns<points>.turn[i]);
    fftw(row.first, row.first + Row::pitch / 2, points, Row::pitch, false);
}

/// Undoes transform(), and multiplies by `points`.
template <int points, class Row>
inline void transform_back(const Row& row) {
    fftw(row.first, row.first + Row::pitch / 2, points, Row::pitch, true);
    for (int i = 0; i < points; ++i) row.store(i, row.load(i) * conjugate(turns<points>.turn[i]));
}
//@end

} // namespace chela
