// The least that shows that headers, library and compiler are all there: one kernel, compiled and launched.

#include <chela/chela.hpp>

#include <cstdio>

int main() {
    chela::Options options;
    options.target = "cpu";
    chela::Session session(options);
    const chela::Op op =
        session.get(chela::LinearAttention{.head_dim = 8, .dtype = chela::DType::fp32, .length = 1});

    alignas(16) const float q[8] = {1}, k[8] = {2}, v[8] = {3, 4};
    alignas(16) float o[8] = {};
    chela::Arguments arguments = op.arguments();
    arguments.tensor("q", q).tensor("k", k).tensor("v", v).tensor("o", o).scalar("scale", 1.0);
    op.launch(nullptr, arguments);

    std::printf("o = %g %g\n", static_cast<double>(o[0]), static_cast<double>(o[1]));
    return o[0] == 6.0f && o[1] == 8.0f ? 0 : 1;
}
