#pragma once
// A tensor's bytes on the host, which all threads touch first: the pages of a large image are made then, one
// thread would take seconds.

#include <cstddef>
#include <memory>

namespace chela {

class HostImage {
  public:
    HostImage(std::size_t bytes, std::byte value);

    std::byte* data() { return bytes_.get(); }
    const std::byte* data() const { return bytes_.get(); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

  private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_;
};

} // namespace chela
