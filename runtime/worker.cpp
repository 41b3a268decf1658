#include "runtime/worker.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>
#include <istream>
#include <ostream>

namespace chela {
namespace {

/// Of a text that may be anything: bounded, and printable as JSON.
std::string excerpt(const std::string& text) {
    constexpr std::size_t most = 200;
    return Json(text.substr(0, most)).dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json error_answer(std::int64_t id, const char* kind, const std::string& message) {
    return {{"id", id}, {"error", {{"kind", kind}, {"message", message}}}};
}

void send(std::ostream& answers, const Json& answer) {
    answers << answer.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

} // namespace

WorkerRunner::WorkerRunner(Runner& local, std::string program, std::vector<std::string> arguments,
                           WorkerTimeouts timeouts)
    : local_(local), program_(std::move(program)), arguments_(std::move(arguments)), timeouts_(timeouts) {}

void WorkerRunner::start() {
    last_problem_.reset();
    child_ = std::make_unique<ChildProcess>(program_, arguments_);
    ++children_started_;
    const auto [outcome, line] = child_->read_line(timeouts_.start);
    if (outcome == ChildProcess::Outcome::line && Json::parse(line, nullptr, false) == Json{{"ready", true}})
        return;
    std::string why;
    switch (outcome) {
    case ChildProcess::Outcome::line:
        why = "it began with " + excerpt(line);
        break;
    case ChildProcess::Outcome::end:
        why = child_->end();
        break;
    case ChildProcess::Outcome::timeout:
        why = fmt::format("not ready in {} ms", timeouts_.start.count());
        break;
    }
    child_.reset();
    throw DeviceError(fmt::format("the worker '{}' does not start: {}", program_, why));
}

Measurement WorkerRunner::lost(Status status, const std::string& why) {
    Measurement measurement;
    measurement.status = status;
    const std::string how = child_->end();
    measurement.detail = why.empty() ? how : why;
    child_.reset();
    return measurement;
}

Measurement WorkerRunner::measure(const Problem& problem, const Config& config, Effort effort) {
    const std::scoped_lock lock(mutex_);
    const Json request{{"id", ++last_id_},
                       {"effort", to_string(effort)},
                       {"problem", to_json(problem)},
                       {"config", to_json(config)}};
    // A child that died between two candidates is nobody's fault: the request goes to a new one.
    if (!child_ || !child_->write_line(request.dump())) {
        start();
        if (!child_->write_line(request.dump())) return lost(Status::crashed, {});
    }
    const bool known = last_problem_ && *last_problem_ == problem;
    const auto timeout = known ? timeouts_.measure : timeouts_.first;
    last_problem_ = problem;

    const auto [outcome, line] = child_->read_line(timeout);
    if (outcome == ChildProcess::Outcome::end) return lost(Status::crashed, {});
    if (outcome == ChildProcess::Outcome::timeout) {
        return lost(Status::hung, fmt::format("no answer in {} ms, killed", timeout.count()));
    }
    const Json answer = Json::parse(line, nullptr, false);
    if (!answer.is_object() || answer.value("id", Json()) != Json(last_id_)) {
        return lost(Status::crashed, "the worker answered " + excerpt(line));
    }
    if (const auto error = answer.find("error"); error != answer.end() && error->is_object()) {
        const std::string message = error->value("message", "the worker failed");
        if (error->value("kind", "") == "user") throw UserError(message);
        child_.reset();
        throw DeviceError(message);
    }
    try {
        Measurement measurement = measurement_from_json(answer.value("measurement", Json()));
        if (measurement.status == Status::crashed)
            child_.reset(); // it ends by itself: its device is unusable
        return measurement;
    } catch (const UserError& error) {
        return lost(Status::crashed, error.what());
    }
}

int worker_main(std::istream& requests, std::ostream& answers, Runner& runner,
                const FamilyLookup& family_of) {
    send(answers, {{"ready", true}});
    for (std::string line; std::getline(requests, line);) {
        const Json request = Json::parse(line, nullptr, false);
        std::int64_t id = 0;
        try {
            if (!request.is_object() || !request.value("id", Json()).is_number_integer()) {
                throw UserError("not a request: " + excerpt(line));
            }
            id = request["id"].get<std::int64_t>();
            const Problem problem = problem_from_json(request.value("problem", Json()), family_of);
            const Config config = config_from_json(request.value("config", Json()), *problem.family);
            const Effort effort = effort_from(request.value("effort", ""));
            const Measurement measurement = runner.measure(problem, config, effort);
            send(answers, {{"id", id}, {"measurement", to_json(measurement)}});
            if (measurement.status == Status::crashed) return 3;
        } catch (const UserError& error) {
            send(answers, error_answer(id, "user", error.what()));
        } catch (const std::exception& error) {
            send(answers, error_answer(id, "device", error.what()));
            return 3;
        }
    }
    return 0;
}

} // namespace chela
