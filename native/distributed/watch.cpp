#include "glibc_2_28.h"

#include "distributed/watch.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "distributed/bounded.h"

namespace torch_lora::distributed {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How often a rank looks whether another has failed, and, once one has, whether there is a verdict.
constexpr milliseconds kPeriod{500};
constexpr milliseconds kSoon{100};
// Ranks that say nothing for so long, after the last that did, are silent.
constexpr milliseconds kQuiet{3000};
// However many ranks go on reporting.
constexpr milliseconds kLongest{8000};
// How long the store may take to answer.
constexpr milliseconds kAnswer{3000};

constexpr auto kFailed = "torch_lora/failed";
constexpr auto kThere = "torch_lora/there";  // how many have said that they are
constexpr auto kVerdict = "torch_lora/verdict";
constexpr auto kRead = "torch_lora/read";  // by how many

std::string state_key(int rank) { return "torch_lora/state/" + std::to_string(rank); }

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

void Watch::start(const std::shared_ptr<Watch>& watch) {
  std::thread([watch] { watch->look(); }).detach();
}

void Watch::look() {
  try {
    while (!stopped_) {
      std::this_thread::sleep_for(told_ ? kSoon : kPeriod);
      if (!told_ && store_->check({kFailed})) tell();
      if (told_ && store_->check({kVerdict})) return learn(text_of(store_->get(kVerdict)));
    }
  } catch (const std::exception&) {
    // The store is gone: with its rank, at the end of a run or before, which the next exchange will show.
  }
}

void Watch::tell() {
  if (told_.exchange(true)) return;
  store_->set(state_key(roll_->rank()), bytes_of(std::to_string(state_)));
  store_->add(kThere, 1);
}

void Watch::learn(const std::string& verdict) {
  {
    const std::lock_guard lock(mutex_);
    if (!verdict_.empty()) return;
    verdict_ = verdict;
  }
  store_->add(kRead, 1);
}

std::string Watch::verdict() const {
  const std::lock_guard lock(mutex_);
  return verdict_;
}

std::string Watch::sentence() const {
  struct There {
    int rank;
    int64_t state;
  };
  std::vector<int> silent;
  std::vector<int> mute;  // Python processes
  std::vector<There> there;
  for (int rank = 0; rank < roll_->size(); ++rank) {
    if (store_->check({state_key(rank)})) {
      there.push_back({rank, std::strtoll(text_of(store_->get(state_key(rank))).c_str(), nullptr, 10)});
    } else {
      (roll_->has_signed(rank) ? silent : mute).push_back(rank);
    }
  }
  if (!silent.empty()) return "No word from " + roll_->names(silent) + ": ended, stopped, or cut off.";
  int64_t furthest = 0;
  for (const auto& [rank, state] : there) furthest = std::max(furthest, state);
  std::vector<int> behind;
  for (const auto& [rank, state] : there) {
    if (state % 2 == 0 && state < furthest) behind.push_back(rank);
  }
  if (!behind.empty()) {
    return "Waited in vain for " + roll_->names(behind) + ": alive, but busy with something else for longer, or hung.";
  }
  const std::string network = "the network between them or a device failed, or their shapes differ.";
  if (mute.empty()) return "Every rank is alive and has come: " + network;
  return "Every rank that can say so is alive and has come, which " + roll_->names(mute) +
         " cannot: it is gone or did not come, or " + network;
}

std::string Watch::gather() {
  const auto until = Clock::now() + kLongest;
  const int64_t all = roll_->signed_count();
  int64_t there = 0;
  auto last = Clock::now();
  while (Clock::now() < until && Clock::now() < last + kQuiet && !store_->check({kVerdict})) {
    const int64_t before = std::exchange(there, store_->add(kThere, 0));
    if (there >= all) break;
    if (there > before) last = Clock::now();
    std::this_thread::sleep_for(kSoon);
  }
  if (store_->check({kVerdict})) return text_of(store_->get(kVerdict));
  return text_of(store_->compareSet(kVerdict, {}, bytes_of(sentence())));
}

std::string Watch::lost() const {
  if (told_) {
    return "A rank had failed before " + roll_->keeper() +
           ", which keeps the store, ended or was cut off: what that one prints says which.";
  }
  return "No word from " + roll_->keeper() + ", which keeps the store: ended, stopped, or cut off.";
}

std::string Watch::judge(const std::shared_ptr<Watch>& watch) {
  std::string verdict = watch->verdict();
  if (!verdict.empty()) return verdict;
  std::string lost = watch->lost();
  try {
    const auto reported = within(kAnswer, [watch] {
      watch->store_->set(kFailed, std::vector<uint8_t>{1});
      watch->tell();
      return true;
    });
    if (!reported) return lost;
    const auto gathered = within(kLongest + kAnswer, [watch] {
      const std::string found = watch->gather();
      watch->learn(found);
      return found;
    });
    if (gathered) return *gathered;
  } catch (const std::exception&) {
    // The store is gone.
  }
  verdict = watch->verdict();
  return verdict.empty() ? lost : verdict;
}

void Watch::confess(const std::shared_ptr<Watch>& watch) {
  if (!watch->verdict().empty()) return;
  try {
    within(kAnswer, [watch] {
      const std::string own =
          "An error of its own ended a program of " + watch->roll_->names({watch->roll_->rank()}) + ", which has it.";
      watch->store_->set(kFailed, std::vector<uint8_t>{1});
      watch->tell();
      watch->learn(text_of(watch->store_->compareSet(kVerdict, {}, bytes_of(own))));
      return true;
    });
  } catch (const std::exception&) {
    // The store is gone: nobody is there who waits.
  }
}

void Watch::let_others_read(const std::shared_ptr<Watch>& watch) {
  if (!watch->roll_->keeps()) return;
  try {
    within(kAnswer, [watch] {
      const auto until = Clock::now() + kAnswer;
      while (Clock::now() < until && watch->store_->add(kRead, 0) < watch->store_->add(kThere, 0)) {
        std::this_thread::sleep_for(kSoon);
      }
      return true;
    });
  } catch (const std::exception&) {
    // Nobody can read it any more.
  }
}

}  // namespace torch_lora::distributed
