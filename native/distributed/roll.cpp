#include "glibc_2_28.h"

#include "distributed/roll.h"

#include <unistd.h>

namespace torch_lora::distributed {

namespace {

constexpr size_t kShown = 8;
constexpr auto kSigned = "torch_lora/signed";

std::string key(int rank) { return "torch_lora/here/" + std::to_string(rank); }

std::string host_name() {
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? host : "unknown host";
}

}  // namespace

Roll::Roll(c10::intrusive_ptr<c10d::Store> store, Self self)
    : store_(std::move(store)), self_(self), keeper_(self.agent ? "torchrun on the first machine" : "rank 0") {}

void Roll::sign() {
  const std::string self = host_name() + ", process " + std::to_string(getpid());
  store_->set(key(self_.rank), std::vector<uint8_t>(self.begin(), self.end()));
  store_->add(kSigned, 1);
}

int64_t Roll::signed_count() { return store_->add(kSigned, 0); }

bool Roll::has_signed(int rank) { return store_->check({key(rank)}); }

std::string Roll::name(int rank) {
  std::string number = "rank " + std::to_string(rank);
  if (!has_signed(rank)) return number;
  const std::vector<uint8_t> self = store_->get(key(rank));
  return number + " (" + std::string(self.begin(), self.end()) + ")";
}

std::string Roll::names(const std::vector<int>& ranks) {
  std::string text;
  for (size_t i = 0; i < ranks.size() && i < kShown; ++i) text += (i == 0 ? "" : ", ") + name(ranks[i]);
  if (ranks.size() > kShown) text += " and " + std::to_string(ranks.size() - kShown) + " more";
  return text;
}

void Roll::read_keeper() {
  if (!self_.agent && has_signed(0)) keeper_ = name(0);
}

std::string Roll::unsigned_ranks() {
  std::vector<int> missing;
  for (int rank = 0; rank < self_.size; ++rank) {
    if (!has_signed(rank)) missing.push_back(rank);
  }
  return names(missing);
}

}  // namespace torch_lora::distributed
