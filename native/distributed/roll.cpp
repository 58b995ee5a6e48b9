#include "glibc_2_28.h"

#include "distributed/roll.h"

#include <unistd.h>

#include <thread>

#include "distributed/bounded.h"

namespace torch_lora::distributed {

namespace {

std::string join_names(const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

std::string host_name() {
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? host : "unknown host";
}

}  // namespace

Roll::Roll(c10::intrusive_ptr<c10d::Store> store, Self self)
    : store_(std::move(store)), self_(self), keeper_(self.agent ? "torchrun on the first machine" : "rank 0") {}

std::string Roll::key(const char* what, int rank) const {
  return std::string("torch_lora/") + what + "/" + std::to_string(rank);
}

bool Roll::has(const std::string& key) { return store_->check({key}); }

void Roll::sign() {
  const std::string self = host_name() + ", process " + std::to_string(getpid());
  store_->set(key("here", self_.rank), std::vector<uint8_t>(self.begin(), self.end()));
}

std::string Roll::name(int rank) {
  const std::vector<uint8_t> self = store_->get(key("here", rank));
  return "rank " + std::to_string(rank) + " (" + std::string(self.begin(), self.end()) + ")";
}

void Roll::read_keeper() {
  if (!self_.agent && has(key("here", 0))) keeper_ = name(0);
}

std::string Roll::unsigned_ranks() {
  std::vector<std::string> names;
  for (int rank = 0; rank < self_.size; ++rank) {
    if (!has(key("here", rank))) names.push_back("rank " + std::to_string(rank));
  }
  return join_names(names);
}

std::string Roll::wait_for_reports(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const std::string count = "torch_lora/reports";
  store_->set(key("report", self_.rank), std::vector<uint8_t>{1});
  for (int64_t reports = store_->add(count, 1); reports < self_.size && std::chrono::steady_clock::now() < until;
       reports = store_->add(count, 0)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::vector<std::string> silent;
  for (int rank = 0; rank < self_.size; ++rank) {
    if (!has(key("report", rank)) && has(key("here", rank))) silent.push_back(name(rank));
  }
  return join_names(silent);
}

std::string Roll::silent_ranks(const std::shared_ptr<Roll>& roll, std::chrono::milliseconds patience) {
  try {
    const auto silent =
        within(patience + std::chrono::seconds(1), [roll, patience] { return roll->wait_for_reports(patience); });
    if (silent) return *silent;
  } catch (const std::exception&) {
    // The store is gone.
  }
  return roll->keeper_ + ", which keeps the store";
}

}  // namespace torch_lora::distributed
