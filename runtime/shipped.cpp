#include "runtime/shipped.hpp"

#include "templates/embedded_files.hpp"

#include <iterator>

namespace chela {

const Exchange& shipped_table() {
    static const Exchange table = [] {
        Exchange all;
        const auto take = [](auto& to, auto&& from) {
            to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
        };
        for (const auto& [path, text] : embedded_files()) {
            if (!path.starts_with("tuned/")) continue;
            Exchange one = exchange_from_json(text);
            take(all.records, one.records);
            take(all.searches, one.searches);
            take(all.rejected, one.rejected);
        }
        return all;
    }();
    return table;
}

} // namespace chela
