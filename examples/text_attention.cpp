// Linear attention over a real text, as one sequence and again in pieces with the state carried over.
//
//     text_attention [FILE]        default: a licence text that every Debian has
//
// Each byte is embedded by fixed random projections: its query and its value are rows of two random tables,
// its key is the query of the byte before it. Since kᵀv sums up in the state, o_t = scale · Σ_s (q_t·k_s) v_s
// is close to the sum of the values of all bytes that followed earlier occurrences of byte t: the state is a
// memory of which byte follows which, and the best match of o_t among the values is a guess of byte t+1. Exit
// code 1: the runs do not agree.

#include <chela/chela.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

constexpr int heads = 4, head_dim = 64, width = heads * head_dim; // of one token: [heads, head_dim]
constexpr std::uint64_t seed = 2024;

/// Memory of the session's device.
class Buffer {
  public:
    Buffer(chela::Device& device, std::size_t count) : device_(device), count_(count) {
        data_ = static_cast<float*>(device.allocate(std::max<std::size_t>(1, count) * sizeof(float)));
    }
    Buffer(chela::Device& device, const std::vector<float>& values) : Buffer(device, values.size()) {
        device.copy_in(data_, values.data(), values.size() * sizeof(float));
    }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { device_.free(data_); }

    float* at(std::size_t token) const { return data_ + token * width; }
    float* data() const { return data_; }
    std::size_t bytes() const { return count_ * sizeof(float); }
    std::vector<float> read() const {
        std::vector<float> values(count_);
        device_.copy_out(values.data(), data_, bytes());
        return values;
    }

  private:
    chela::Device& device_;
    std::size_t count_;
    float* data_ = nullptr;
};

/// A row of `width` for each of the 256 bytes, each head's part of length about 1.
std::vector<float> random_projection(std::mt19937_64& generator) {
    std::normal_distribution<float> normal(0.0f, 1.0f / std::sqrt(static_cast<float>(head_dim)));
    std::vector<float> table(256 * width);
    for (float& element : table) element = normal(generator);
    return table;
}

/// [length, heads, head_dim]: for each token the row of the byte `delay` places before it, zeros before the
/// first.
std::vector<float> embed(const std::vector<unsigned char>& text, const std::vector<float>& table,
                         std::size_t delay) {
    std::vector<float> rows(text.size() * width);
    for (std::size_t t = delay; t < text.size(); ++t)
        std::copy_n(&table[text[t - delay] * width], width, &rows[t * width]);
    return rows;
}

template <class Real>
double relative_error(const std::vector<float>& result, const std::vector<Real>& expected) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        difference += std::pow(static_cast<double>(result[i]) - static_cast<double>(expected[i]), 2);
        size += std::pow(static_cast<double>(expected[i]), 2);
    }
    return std::sqrt(difference / size);
}

/// Share of the bytes that the output before them matches better than it matches any other byte.
double share_guessed(const std::vector<unsigned char>& text, const std::vector<float>& o,
                     const std::vector<float>& table) {
    std::size_t right = 0;
    for (std::size_t t = 0; t + 1 < text.size(); ++t) {
        std::array<float, 256> match{};
        for (std::size_t i = 0; i < width; ++i)
            for (std::size_t byte = 0; byte < 256; ++byte)
                match[byte] += o[t * width + i] * table[byte * width + i];
        right += std::max_element(match.begin(), match.end()) - match.begin() == text[t + 1];
    }
    return static_cast<double>(right) / static_cast<double>(text.size() - 1);
}

double share_of_commonest(const std::vector<unsigned char>& text) {
    std::array<std::size_t, 256> counts{};
    for (const unsigned char byte : text) ++counts[byte];
    return static_cast<double>(*std::max_element(counts.begin(), counts.end())) /
           static_cast<double>(text.size());
}

int compare(const char* path, const std::vector<unsigned char>& text) {
    chela::Session session;
    const chela::Op op = session.get(chela::LinearAttention{.head_dim = head_dim,
                                                            .dtype = chela::DType::fp32,
                                                            .length = static_cast<int>(text.size()),
                                                            .heads = heads});
    const double bound = op.problem().family->error_bound(op.problem());
    for (const std::string& notice : session.take_notices()) std::fprintf(stderr, "%s\n", notice.c_str());
    std::printf("%s: %zu bytes on %s, %s\n", path, text.size(), session.device().name().c_str(),
                op.config().to_string().c_str());

    std::mt19937_64 generator(seed);
    const std::vector<float> query_table = random_projection(generator),
                             value_table = random_projection(generator);
    const std::vector<float> query = embed(text, query_table, 0), key = embed(text, query_table, 1),
                             value = embed(text, value_table, 0);

    chela::Device& device = session.device();
    const Buffer q(device, query), k(device, key), v(device, value), o(device, query.size());
    const Buffer states[2] = {{device, width * head_dim}, {device, width * head_dim}};
    chela::Arguments arguments = op.arguments();
    const Buffer workspace(device, op.workspace_bytes(arguments) / sizeof(float));
    arguments.workspace(workspace.data(), workspace.bytes());

    // The whole text as one sequence.
    arguments.tensor("q", q.data()).tensor("k", k.data()).tensor("v", v.data()).tensor("o", o.data());
    arguments.tensor("final_state", states[0].data());
    op.launch(nullptr, arguments);
    device.synchronize();
    const std::vector<float> whole = o.read(), whole_state = states[0].read();

    // In pieces: the final state of each is the initial state of the next. The same operation takes every
    // length.
    constexpr std::size_t lengths[] = {1, 500, 15, 64, 1000, 3, 2048};
    std::size_t pieces = 0;
    device.copy_in(o.data(), std::vector<float>(whole.size(), NAN).data(), o.bytes());
    for (std::size_t begin = 0; begin < text.size(); ++pieces) {
        const std::size_t length = std::min(lengths[pieces % std::size(lengths)], text.size() - begin);
        arguments.extent("length", static_cast<std::int64_t>(length));
        arguments.tensor("q", q.at(begin))
            .tensor("k", k.at(begin))
            .tensor("v", v.at(begin))
            .tensor("o", o.at(begin));
        arguments.tensor("initial_state", pieces == 0 ? nullptr : states[(pieces + 1) % 2].data());
        arguments.tensor("final_state", states[pieces % 2].data());
        op.launch(nullptr, arguments);
        begin += length;
    }
    device.synchronize();
    const std::vector<float> in_pieces = o.read(), pieces_state = states[(pieces + 1) % 2].read();

    // And by the definition, token by token in float64.
    chela::HostTensors exact;
    const std::vector<std::int64_t> shape = {1, static_cast<std::int64_t>(text.size()), heads, head_dim};
    exact["q"] = {shape, {query.begin(), query.end()}};
    exact["k"] = {shape, {key.begin(), key.end()}};
    exact["v"] = {shape, {value.begin(), value.end()}};
    op.problem().family->reference(op.problem(), {{"scale", 1 / std::sqrt(static_cast<double>(head_dim))}},
                                   exact);

    // The bound is for sequences of 2048 tokens. The same bytes come again and again, so the rounding errors
    // of this sum do not cancel: measured 7e-6 at 35 thousand bytes, 6e-5 at 303 thousand.
    const double definition_bound = bound * std::max(1.0, static_cast<double>(text.size()) / 2048);
    const double output = relative_error(in_pieces, whole), state = relative_error(pieces_state, whole_state),
                 definition = relative_error(whole, exact["o"].data);
    std::printf("in %zu pieces of 1 to 2048 bytes: output differs by %.1e, final state by %.1e (relative "
                "rms; bound %.0e)\n",
                pieces, output, state, bound);
    std::printf("from the definition in float64: output differs by %.1e (bound %.0e)\n", definition,
                definition_bound);
    std::printf("what it remembers: %.0f %% of the bytes are guessed from the byte before them; the "
                "commonest byte alone: %.0f %%\n",
                100 * share_guessed(text, whole, value_table), 100 * share_of_commonest(text));
    const bool agree = output <= bound && state <= bound && definition <= definition_bound; // false for NaN
    std::printf("%s\n", agree ? "the runs agree" : "THE RUNS DO NOT AGREE");
    return agree ? 0 : 1;
}

} // namespace

int main(int count, char** arguments) {
    const char* path = count > 1 ? arguments[1] : "/usr/share/common-licenses/GPL-3";
    try {
        std::ifstream file(path, std::ios::binary);
        const std::vector<unsigned char> text(std::istreambuf_iterator<char>(file), {});
        if (text.size() < 2)
            throw chela::UserError(std::string(path) + " is not a text file of two bytes or more");
        return compare(path, text);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "text_attention: %s\n", error.what());
        return 2;
    }
}
