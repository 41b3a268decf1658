#pragma once
// The journey of one request, from a Problem to an Op that launches: see Session::get() in session.cpp.

#include "codegen/arguments.hpp"
#include "codegen/family.hpp"
#include "runtime/device.hpp"
#include "runtime/options.hpp"
#include "runtime/verify_options.hpp"
#include "tuner/choice.hpp"
#include "tuner/tune.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

namespace chela {

/// A compiled and loaded operation. Cheap to copy; launching is thread-safe and neither compiles, allocates
/// nor waits.
class Op {
  public:
    const Problem& problem() const;
    const Config& config() const;
    const Choice& choice() const; ///< why this configuration
    const Program& program() const;

    /// An argument block with the problem's extents and scalars. Set the tensors, then launch with it as
    /// often as you like.
    Arguments arguments() const { return Arguments(problem()); }
    /// Device memory to lend by Arguments::workspace(), 0 for most configurations. Depends on the extents.
    std::size_t workspace_bytes(const Arguments&) const;
    /// Launches on the caller's stream (a CUstream; ignored on cpu and emulator, which return when done).
    /// Throws UserError on incomplete or misaligned arguments, DeviceError.
    void launch(Stream stream, Arguments& arguments) const;

  private:
    friend class Session;
    struct State;
    std::shared_ptr<const State> state_;
};

/// Time of one operation on a device.
struct BenchResult {
    double median_ms = 0, spread_ms = 0;
    int samples = 0;
    double ideal_bytes = 0, copy_bandwidth = 0,
           share_of_copy = 0; ///< bytes; bytes/s; ideal time over measured time
    double operations = 0, peak_flops = 0, share_of_peak = 0; ///< 0 where the peak is unknown
    double host_us = 0; ///< time of a call of Op::launch that does not wait
    double bare_us = 0; ///< the same of the device's bare launch function
};

/// get(), choose(), tune() and take_notices() may be called by several threads at once, verify() and bench()
/// by one.
class Session {
  public:
    /// Finds the device. Throws UserError (target unknown) or DeviceError (target not present, with the
    /// reason).
    explicit Session(Options options = Options::from_env());
    /// On this device, whatever Options::target says.
    Session(struct OpenedDevice, Options);
    ~Session();
    Session(Session&&) noexcept;

    /// choose -> generate -> binary cache -> compile -> load. The second call for an equal problem is a
    /// look-up.
    Op get(const Problem&);
    Op get(const Problem&,
           const Config&); ///< this configuration; throws UserError where the constraints reject it

    Choice choose(const Problem&);
    /// Candidates run in Options::worker_program where it is set.
    TuneReport tune(const Problem&, const TuneOptions& = {}, const ProgressCallback& = {},
                    std::stop_token = {});
    /// A real run against the float64 reference (runtime/verify.hpp), and the same of a small odd length.
    VerifyResult verify(const Op&, const VerifyOptions& = {});
    BenchResult bench(const Op&, int samples = 50);

    Device& device();
    /// What is known of this device for records and choices.
    RunnerInfo info();
    Database& database(); ///< throws UserError where the options name no cache folder
    class BinaryCache& binaries();
    /// One line if something the user should know happened since the last call (no GPU: cpu is used; damaged
    /// database).
    std::vector<std::string> take_notices();
    /// For `chela worker`: measures candidates in this process.
    std::unique_ptr<Runner> runner();

    /// Kernels compiled by this session so far, those from the cache not counted.
    int compiled() const;

  private:
    Op load(const Problem&, const Choice&);
    class Verifier& verifier();
    struct State;
    std::unique_ptr<State> state_;
};

/// What `chela inspect` shows. None of them needs a device.
enum class Emit { source, ptx, sass, llvm, assembly, resources };
/// One text per kernel of the program, headed by its entry's name. Throws UserError where the target has no
/// such text.
struct Inspection {
    std::string entry, text;
    std::string resources_json; ///< for Emit::resources: one JSON object
};
std::vector<Inspection> inspect(const Options&, const Target&, const Problem&, const Config&, Emit);

/// Devices and compilers found on this machine, with the reason where one is missing.
struct Found {
    std::string target; ///< as given to --target: "cuda:0", "cpu"; empty for a compiler
    std::string name;   ///< "NVIDIA H200", "NVRTC 13.0"
    std::string detail; ///< architecture, memory, path; or why it is missing
    bool present = false;
};
std::vector<Found> find_devices(const Options&);
std::vector<Found> find_compilers(const Options&);

} // namespace chela
