#include "codegen/render.hpp"

#include "codegen/error.hpp"

#include <fmt/format.h>
#include <set>
#include <stdexcept>
#include <vector>

namespace chela {

namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

class Renderer {
  public:
    Renderer(const TemplateFiles& files, const Lookup& lookup,
             const std::function<std::string(std::string)>& redirect)
        : files_(files), lookup_(lookup), redirect_(redirect) {}

    void file(std::string path) {
        if (redirect_) path = redirect_(std::move(path));
        if (!seen_.insert(path).second) return;
        const auto found = files_.find(path);
        if (found == files_.end()) throw std::logic_error(fmt::format("template '{}' does not exist", path));
        std::vector<Branch> branches;
        std::string_view rest = found->second;
        bool resumed = true; // the next line kept needs a #line
        bool blank = true;   // the last line kept was blank
        for (int number = 1; !rest.empty(); ++number) {
            const auto end = rest.find('\n');
            const std::string_view line = rest.substr(0, end);
            rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
            const std::string_view text = trim(line);
            place_ = fmt::format("{}:{}", path, number);
            if (text.starts_with("//@")) {
                directive(trim(text.substr(3)), branches);
                resumed = true;
                continue;
            }
            if (!branches.empty() && !branches.back().active) continue;
            if (text == "#pragma once") {
                resumed = true;
                continue;
            }
            if (text.starts_with("#include")) {
                const auto open = text.find('"'), close = text.rfind('"');
                if (open == close) throw malformed("only #include \"…\" of template files is possible");
                file(std::string(text.substr(open + 1, close - open - 1)));
                resumed = true;
                continue;
            }
            if (text.empty() && blank) {
                resumed = true;
                continue;
            }
            if (resumed) text_ += fmt::format("#line {} \"{}\"\n", number, path);
            text_ += line;
            text_ += '\n';
            resumed = false;
            blank = text.empty();
        }
        if (!branches.empty()) throw malformed("//@if without //@end");
    }

    std::string take() { return std::move(text_); }

  private:
    struct Branch {
        bool outer;  ///< the surrounding text is kept
        bool taken;  ///< some branch of this //@if was kept
        bool active; ///< this branch is kept
    };

    std::logic_error malformed(std::string_view why) const {
        return std::logic_error(fmt::format("{}: {}", place_, why));
    }

    bool condition(std::string_view text) const {
        for (const std::string_view comparison : {"==", "!="}) {
            const auto at = text.find(comparison);
            if (at == std::string_view::npos) continue;
            const bool equal = lookup_(trim(text.substr(0, at))) == trim(text.substr(at + 2));
            return equal == (comparison == "==");
        }
        const bool negated = text.starts_with('!');
        const std::string value = lookup_(trim(negated ? text.substr(1) : text));
        if (value != "true" && value != "false")
            throw malformed(fmt::format("'{}' is '{}', not true or false", text, value));
        return (value == "true") != negated;
    }

    void directive(std::string_view text, std::vector<Branch>& branches) {
        const auto space = text.find(' ');
        const std::string_view word = text.substr(0, space);
        const std::string_view rest = space == std::string_view::npos ? "" : trim(text.substr(space));
        if (word == "if") {
            const bool outer = branches.empty() || branches.back().active;
            const bool holds = outer && condition(rest);
            branches.push_back({outer, holds, holds});
            return;
        }
        if (branches.empty()) throw malformed(fmt::format("//@{} without //@if", word));
        Branch& branch = branches.back();
        if (word == "elif") {
            branch.active = branch.outer && !branch.taken && condition(rest);
            branch.taken = branch.taken || branch.active;
        } else if (word == "else") {
            branch.active = branch.outer && !branch.taken;
            branch.taken = true;
        } else if (word == "end") {
            branches.pop_back();
        } else {
            throw malformed(fmt::format("unknown directive //@{}", word));
        }
    }

    const TemplateFiles& files_;
    const Lookup& lookup_;
    const std::function<std::string(std::string)>& redirect_;
    std::set<std::string> seen_;
    std::string text_, place_;
};

} // namespace

std::string render(const TemplateFiles& files, std::initializer_list<std::string> paths, const Lookup& lookup,
                   const std::function<std::string(std::string)>& redirect) {
    Renderer renderer(files, lookup, redirect);
    for (const std::string& path : paths)
        if (!path.empty()) renderer.file(path);
    return renderer.take();
}

} // namespace chela
