#include "runtime/compare.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace chela {
namespace {

constexpr double slice_tolerance = 4, element_tolerance = 16; // times the family's bound

/// "o[1, 332, 2, 5]".
std::string element_name(const GuardedTensor& output, std::int64_t dense_index) {
    const auto& shape = output.placement().shape;
    std::vector<std::int64_t> index(shape.size());
    for (std::size_t dim = shape.size(); dim-- > 0; dense_index /= shape[dim])
        index[dim] = dense_index % shape[dim];
    return fmt::format("{}[{}]", output.spec().name, fmt::join(index, ", "));
}

struct Sums {
    double error = 0, reference = 0; // of squares
    std::int64_t count = 0;
    bool overflow = false; // some element of the reference is too large for the dtype
    double rms_reference() const { return count ? std::sqrt(reference / static_cast<double>(count)) : 0; }
    double rms_error() const { return count ? std::sqrt(error / static_cast<double>(count)) : 0; }
};

class Comparator {
  public:
    Comparator(const Problem& problem, const GuardedTensor& output, const ReferenceSlices& reference)
        : output_(output), dims_(problem.dims(output.spec())), reference_(reference),
          bound_(problem.family->tensor_error_bound(problem, output.spec())),
          rounding_(smallest(output.dtype())), overflow_(overflow_threshold(output.dtype())) {}

    Comparison run() {
        for (const ReferenceSlice& slice : reference_.slices) {
            slices_.push_back(sum_reference(slice));
            all_.reference += slices_.back().reference;
            all_.count += slices_.back().count;
            all_.overflow |= slices_.back().overflow;
        }
        if (!all_.overflow) {
            if (std::string failure = nonfinite(); !failure.empty()) return {infinity, std::move(failure)};
        }
        Comparison result;
        for (std::size_t i = 0; i < slices_.size(); ++i) {
            std::string failure = compare_slice(reference_.slices[i], slices_[i]);
            if (result.failure.empty()) result.failure = std::move(failure);
        }
        result.relative_error = ratio(all_.rms_error(), all_.rms_reference());
        if (result.failure.empty() && !(result.relative_error <= bound_)) {
            result.failure = fmt::format("{}: relative error {:.3g}, the bound is {:.3g}; worst is {}",
                                         output_.spec().name, result.relative_error, bound_, worst_);
        }
        return result;
    }

  private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    static double ratio(double error, double reference) {
        if (error == 0) return 0;
        return reference == 0 ? infinity : error / reference;
    }

    bool representable(double value) const { return std::abs(value) < overflow_; }

    /// Calls visit(offset in the output, dense index, reference) for each row of a slice.
    template <class Visit>
    void for_each_row(const ReferenceSlice& slice, Visit&& visit) const {
        const auto& [shape, data] = slice.outputs.at(output_.spec().name);
        const auto& strides = output_.placement().strides;
        const auto dense = dense_strides(output_.placement().shape);
        const std::int64_t first = reference_.offset(slice, dims_, strides);
        const std::int64_t dense_first = reference_.offset(slice, dims_, dense);
        const auto columns = static_cast<std::size_t>(shape.back());
        for (std::int64_t row = 0; row < row_count(shape); ++row) {
            visit(first + row_offset(shape, strides, row), dense_first + row_offset(shape, dense, row),
                  std::span(data).subspan(static_cast<std::size_t>(row) * columns, columns));
        }
    }

    Sums sum_reference(const ReferenceSlice& slice) const {
        Sums sums;
        for_each_row(slice, [&](std::int64_t, std::int64_t, std::span<const double> row) {
            for (const double reference : row) {
                if (!representable(reference)) {
                    sums.overflow = true;
                    continue;
                }
                sums.reference += reference * reference;
                ++sums.count;
            }
        });
        return sums;
    }

    std::string compare_slice(const ReferenceSlice& slice, Sums& sums) {
        const double scale = std::max(all_.rms_reference(), sums.rms_reference());
        double worst_excess = -1;
        std::vector<double> values;
        for_each_row(slice, [&](std::int64_t offset, std::int64_t index, std::span<const double> row) {
            values.resize(row.size());
            decode(output_.element(offset), output_.dtype(), values);
            for (std::size_t column = 0; column < row.size(); ++column) {
                const double value = values[column], reference = row[column];
                if (all_.overflow && !(std::isfinite(value) && representable(reference))) continue;
                const double error = std::max(0.0, std::abs(value - reference) - rounding_);
                sums.error += error * error;
                const double excess =
                    ratio(error, element_tolerance * bound_ * (scale + std::abs(reference)));
                if (excess <= worst_excess) continue;
                worst_excess = excess;
                if (excess <= worst_overall_) continue;
                worst_overall_ = excess;
                worst_ = fmt::format("{} = {:.7g}, where the reference is {:.7g} (its rms {:.3g})",
                                     element_name(output_, index + static_cast<std::int64_t>(column)), value,
                                     reference, scale);
            }
        });
        all_.error += sums.error;
        const double slice_error = ratio(sums.rms_error(), scale);
        if (slice_error > slice_tolerance * bound_) {
            return fmt::format("{}: relative error {:.3g} at {}, the bound is {:.3g}; worst is {}",
                               output_.spec().name, slice_error, slice_name(slice), bound_, worst_);
        }
        return worst_excess > 1 ? "a wrong element: " + worst_ : "";
    }

    std::string slice_name(const ReferenceSlice& slice) const {
        std::string name;
        for (std::size_t i = 0; i < slice.index.size(); ++i) {
            name += fmt::format("{}{} {}", i ? ", " : "", reference_.extents[i], slice.index[i]);
        }
        return name.empty() ? "the only slice" : name;
    }

    std::string nonfinite() const {
        const Placement& placement = output_.placement();
        const std::int64_t span = placement.span, columns = placement.shape.back();
        if (placement.dense() &&
            first_nonfinite(output_.element(0), output_.dtype(), static_cast<std::size_t>(span)) ==
                static_cast<std::size_t>(span)) {
            return {};
        }
        for (std::int64_t row = 0; row < row_count(placement.shape); ++row) {
            const std::byte* start = output_.element(row_offset(placement.shape, placement.strides, row));
            const auto column = static_cast<std::int64_t>(
                first_nonfinite(start, output_.dtype(), static_cast<std::size_t>(columns)));
            if (column == columns) continue;
            double value = 0;
            decode(start + column * size_of(output_.dtype()), output_.dtype(), {&value, 1});
            return fmt::format("{} is {}: never written, or computed from what must not be read",
                               element_name(output_, row * columns + column),
                               std::isnan(value) ? "NaN" : "infinite");
        }
        return {};
    }

    const GuardedTensor& output_;
    std::vector<std::string> dims_;
    const ReferenceSlices& reference_;
    double bound_;
    double rounding_;
    double overflow_;
    Sums all_;
    std::vector<Sums> slices_;
    double worst_overall_ = -1;
    std::string worst_ = "nothing";
};

} // namespace

Comparison compare(const Problem& problem, const GuardedTensor& output, const ReferenceSlices& reference) {
    return Comparator(problem, output, reference).run();
}

} // namespace chela
