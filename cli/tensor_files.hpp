#pragma once
// The tensors of a family as NumPy files: which files, and the problem that their shapes say.

#include "cli/npy.hpp"
#include "cli/problem_options.hpp"

#include <filesystem>
#include <optional>

namespace chela::cli {

/// "--q"; "--decay-file" where a trait or an extent has the name too.
std::string tensor_option(const Family&, const TensorSpec&);

/// One option for each tensor of the family: --q FILE; --out too where there is just one required output. A
/// tensor that is updated in place has two: --state FILE to read and --state-out FILE to write.
class TensorOptions {
  public:
    TensorOptions(CLI::App&, const Family&);
    /// The file that a tensor is read from or, if it is an output alone, written to; empty where none was
    /// given.
    std::filesystem::path file(const TensorSpec&) const;
    /// The file that a tensor which is updated in place is written to; empty where none was given.
    std::filesystem::path file_of_update(const TensorSpec&) const;
    /// "--o" or, where it has one, its other name.
    std::string option(const TensorSpec&) const;
    const Family& family() const { return family_; }

  private:
    const Family& family_;
    std::map<std::string, CLI::Option*> options_, updates_;
};

struct TensorFile {
    const TensorSpec* spec;
    std::filesystem::path path;
    NpyHeader header; ///< of inputs
};

struct FileProblem {
    Problem problem;
    std::vector<TensorFile> inputs, outputs; ///< those that were given
    std::vector<std::string> notes;          ///< what the user may not expect, e.g. that float64 is rounded
};

/// Reads the headers of all inputs and takes traits and extents from their shapes, the dtype from the first
/// input unless --dtype was given. Throws UserError naming files, dimensions and both values where anything
/// disagrees, a required tensor has no file, or an output cannot be written where it should be.
FileProblem problem_of_files(const TensorOptions&, const ProblemOptions&);

} // namespace chela::cli
