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

class Prepared;

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
    /// The same for launches with what was prepared, which lies elsewhere.
    std::size_t workspace_bytes(const Arguments&, const Prepared&) const;
    /// Launches on the caller's stream (a CUstream; ignored on cpu and emulator, which return when done).
    /// Throws UserError on incomplete or misaligned arguments, DeviceError.
    void launch(Stream stream, Arguments& arguments) const;

    /// Does what depends on the weights alone (a kernel's transform), on the stream, for any number of
    /// launches; needs their tensors and nothing else. Allocates device memory. Throws as launch() does.
    Prepared prepare(Stream stream, Arguments& arguments) const;
    /// The rest of the launches. Throws UserError where `prepared` is another operation's, or of other
    /// extents that matter to it (another batch does not).
    void launch(Stream stream, Arguments& arguments, const Prepared& prepared) const;

  private:
    friend class Session;
    friend class Prepared;
    struct State;
    void check_problem(const Arguments&) const;
    void check_workspace(const Arguments&, std::size_t wanted) const;
    std::shared_ptr<const State> state_;
};

/// What Op::prepare() made, in device memory that it owns; nothing for operations that prepare nothing. It
/// may not go before the launches that use it are done, nor outlive the session.
class Prepared {
  public:
    Prepared(Prepared&&) noexcept = default;
    Prepared& operator=(Prepared&&) noexcept = default;

    std::size_t bytes() const { return bytes_; }

  private:
    friend class Op;
    Prepared(std::shared_ptr<const Op::State>, const Values& extents);
    struct Free {
        Device* device = nullptr;
        void operator()(void* memory) const noexcept { device->free(memory); }
    };
    std::shared_ptr<const Op::State> op_;
    Values extents_;
    std::size_t bytes_;
    std::unique_ptr<void, Free> memory_;
};

/// Time of one operation on a device.
struct BenchResult {
    double median_ms = 0, spread_ms = 0;
    int samples = 0;
    double cold_ms = 0; ///< of a call that prepares too; 0 where nothing is prepared
    std::size_t prepared_bytes = 0;
    /// Of one launch among `graph_launches` in a captured graph, over `graph_sets` sets of tensors, more
    /// together than the cache holds; 0 where it was not measured (long kernels, devices without graphs).
    double graph_ms = 0, graph_spread_ms = 0, graph_share_of_copy = 0;
    int graph_launches = 0, graph_sets = 0;
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
