// The tile registers of AMX and what multiplies them, for products of 16-bit floats and of 8-bit codes
// (bf16_gemm_kernel.h, int8_kernel.h). Included once an instruction set, see simd.h.
//
// Eight registers hold 16 rows of 64 bytes at most. Both products take groups of 32 bits: two neighbours of bfloat16,
// or four bytes. A tile of A is [rows][groups], one of B [groups][16 columns], which is how panels are packed for
// AVX512-BF16 and VNNI already, and C += A B is [rows][16 columns] of float or int32. With TORCH_LORA_AMX_EMULATED the
// registers are memory and Intel's definitions of the instructions ("Intel 64 and IA-32 Architectures Software
// Developer's Manual", TDPBF16PS, TDPBUSD) are loops: so the same code runs where the processor has no AMX.

namespace torch_lora {
namespace TORCH_LORA_ISA {

constexpr int kTileRows = 16, kTileGroups = 16, kTileBytes = 64;
constexpr int kTallTile = 2 * kTileRows;  // rows of A that meet a tile of B as it is loaded

// Products whose neighbours fill a group of 32 bits.
struct ProductOfBf16 {
  using Sum = float;
};
struct ProductOfBytes {  // of unsigned A and signed B
  using Sum = int32_t;
};

class AmxTiles {
 public:
#if defined(TORCH_LORA_AMX_EMULATED)
  // Registers 0 to 5 are C, 6 is A and 7 is B. Loading a shape clears them all.
  void shape(int rows, int groups) {
    if (rows == rows_ && groups == groups_) return;
    rows_ = rows;
    groups_ = groups;
    __builtin_memset(registers_, 0, sizeof(registers_));
  }
  template <int Register>
  void load(const void* from, int64_t stride) {
    for (int r = 0; r < rows_of(Register); ++r) {
      __builtin_memcpy(registers_[Register][r], static_cast<const char*>(from) + r * stride,
                       size_t(bytes_of(Register)));
    }
  }
  template <int Register>
  void store(void* to, int64_t stride) const {
    for (int r = 0; r < rows_of(Register); ++r) {
      __builtin_memcpy(static_cast<char*>(to) + r * stride, registers_[Register][r], size_t(bytes_of(Register)));
    }
  }
  template <int C>
  void multiply(ProductOfBf16) {
    for (int r = 0; r < rows_; ++r) {
      float even[kTileGroups] = {}, odd[kTileGroups] = {};
      for (int k = 0; k < groups_; ++k) {
        for (int n = 0; n < kTileGroups; ++n) {
          even[n] = __builtin_fmaf(element<bf16>(6, r, 2 * k), element<bf16>(7, k, 2 * n), even[n]);
          odd[n] = __builtin_fmaf(element<bf16>(6, r, 2 * k + 1), element<bf16>(7, k, 2 * n + 1), odd[n]);
        }
      }
      for (int n = 0; n < kTileGroups; ++n) {
        put(C, r, n, element<float>(C, r, n) + (even[n] + odd[n]));
      }
    }
  }
  template <int C>
  void multiply(ProductOfBytes) {
    for (int r = 0; r < rows_; ++r) {
      for (int k = 0; k < groups_; ++k) {
        for (int n = 0; n < kTileGroups; ++n) {
          int32_t sum = element<int32_t>(C, r, n);
          for (int i = 0; i < 4; ++i) {
            sum += int32_t(element<uint8_t>(6, r, 4 * k + i)) * int32_t(element<int8_t>(7, k, 4 * n + i));
          }
          put(C, r, n, sum);
        }
      }
    }
  }

 private:
  unsigned char registers_[8][kTileRows][kTileBytes] = {};

  int rows_of(int which) const { return which == 7 ? groups_ : rows_; }
  int bytes_of(int which) const { return which == 6 ? 4 * groups_ : kTileBytes; }
  template <class T>
  auto element(int which, int row, int at) const {
    T value;
    __builtin_memcpy(&value, registers_[which][row] + at * int(sizeof(T)), sizeof(T));
    if constexpr (sizeof(T) == 2) {
      const uint32_t bits = uint32_t(value.bits) << 16;
      float wide;
      __builtin_memcpy(&wide, &bits, sizeof(wide));
      return wide;
    } else {
      return value;
    }
  }
  template <class T>
  void put(int which, int row, int at, T value) {
    __builtin_memcpy(registers_[which][row] + at * int(sizeof(T)), &value, sizeof(T));
  }
#else
  ~AmxTiles() {
    if (rows_ != 0) asm volatile("tilerelease");
  }
  // Registers 0 to 5 are C, 6 is A and 7 is B. Loading a shape clears them all.
  TORCH_LORA_INLINE void shape(int rows, int groups) {
    if (rows == rows_ && groups == groups_) return;
    rows_ = rows;
    groups_ = groups;
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t bytes[16] = {};
      uint8_t rows[16] = {};
    } config;
    for (int i = 0; i < 8; ++i) {
      config.bytes[i] = i == 6 ? uint16_t(4 * groups) : kTileBytes;
      config.rows[i] = uint8_t(i == 7 ? groups : rows);
    }
    asm volatile("ldtilecfg %0" : : "m"(config));
  }
  template <int Register>
  TORCH_LORA_INLINE void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(Register) : "memory");
  }
  template <int Register>
  TORCH_LORA_INLINE void store(void* to, int64_t stride) const {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(Register) : "memory");
  }
  template <int C>
  TORCH_LORA_INLINE void multiply(ProductOfBf16) {
    asm volatile("tdpbf16ps %%tmm7, %%tmm6, %%tmm%c0" : : "i"(C));
  }
  template <int C>
  TORCH_LORA_INLINE void multiply(ProductOfBytes) {
    asm volatile("tdpbusd %%tmm7, %%tmm6, %%tmm%c0" : : "i"(C));
  }

 private:
#endif
  int rows_ = 0, groups_ = 0;
};

// Calls each(Rows<0>) ... each(Rows<Count - 1>): registers are named by constants.
template <int Count, class Each>
TORCH_LORA_INLINE void for_registers(const Each& each) {
  if constexpr (Count > 1) for_registers<Count - 1>(each);
  each(Rows<Count - 1>{});
}

// One step of `groups` neighbours: C [Tall][Vectors] tiles += A B.
template <class Product, int Tall, int Vectors>
TORCH_LORA_INLINE void amx_step(AmxTiles& tiles, const char* a, int64_t a_stride, const char* b, int64_t b_stride) {
  for_registers<Vectors>([&](auto vector) TORCH_LORA_LAMBDA {
    constexpr int j = decltype(vector)::value;
    tiles.template load<7>(b + j * kTileBytes, b_stride);
    for_registers<Tall>([&](auto turn) TORCH_LORA_LAMBDA {
      // To and fro, so that the rows that met the last tile of B meet the next one first, without another load.
      constexpr int at = decltype(turn)::value, i = j % 2 == 0 ? at : Tall - 1 - at;
      if constexpr (at > 0 || j == 0) tiles.template load<6>(a + i * kTileRows * a_stride, a_stride);
      tiles.template multiply<i * Vectors + j>(Product{});
    });
  });
}

// c [rows][Vectors * 16] += A B for a packed panel B [groups][Vectors * 16] of 32-bit groups. A has `a_stride` bytes a
// row, of which `own` are its own. `rows` counts those of one register: where Tall is 2, kTileRows.
template <class Product, int Tall, int Vectors>
TORCH_LORA_INLINE void amx_sum(AmxTiles& tiles, const void* a, int64_t a_stride, int64_t own, const void* b, int rows,
                               Fetch& fetch, typename Product::Sum* c) {
  constexpr int64_t width = int64_t{Vectors} * kTileBytes;
  const auto each_sum = [&](auto each) TORCH_LORA_LAMBDA {
    for_registers<Tall * Vectors>([&](auto which) TORCH_LORA_LAMBDA {
      constexpr int at = decltype(which)::value;
      each(which, reinterpret_cast<char*>(c) + at / Vectors * kTileRows * width + at % Vectors * kTileBytes);
    });
  };
  const auto run = [&](int groups, const auto& steps) TORCH_LORA_LAMBDA {
    tiles.shape(rows, groups);
    each_sum([&](auto which, char* at) TORCH_LORA_LAMBDA { tiles.template load<decltype(which)::value>(at, width); });
    steps();
    each_sum([&](auto which, char* at) TORCH_LORA_LAMBDA { tiles.template store<decltype(which)::value>(at, width); });
  };
  const char* from = static_cast<const char*>(a);
  const char* panel = static_cast<const char*>(b);
  const int64_t whole = own / kTileBytes;
  if (whole > 0) {
    run(kTileGroups, [&]() TORCH_LORA_LAMBDA {
      for (int64_t k = 0; k < whole; ++k) {
        fetch.next();
        amx_step<Product, Tall, Vectors>(tiles, from, a_stride, panel, width);
        from += kTileBytes;
        panel += kTileGroups * width;
      }
    });
  }
  const int64_t rest = own % kTileBytes;
  if (rest == 0) return;
  // What lies behind a row's end is not its own.
  char last[Tall * kTileRows * kTileBytes] = {};
  for (int64_t i = 0; i < (Tall - 1) * kTileRows + rows; ++i) {
    __builtin_memcpy(last + i * kTileBytes, from + i * a_stride, size_t(rest));
  }
  run(int((rest + 3) / 4),
      [&]() TORCH_LORA_LAMBDA { amx_step<Product, Tall, Vectors>(tiles, last, kTileBytes, panel, width); });
}

// Calls tile(Rows<tall>, row, rows) for the rows from 0 to `end`: two registers of rows while there are, then one.
template <int Vectors, class Tile>
TORCH_LORA_INLINE void in_amx_tiles(int64_t end, const Tile& tile) {
  int64_t row = 0;
  if constexpr (2 * Vectors <= 6) {
    for (; end - row >= kTallTile; row += kTallTile) tile(Rows<2>{}, row, kTallTile);
  }
  for (; row < end; row += kTileRows) tile(Rows<1>{}, row, end - row < kTileRows ? end - row : int64_t{kTileRows});
}

}  // namespace TORCH_LORA_ISA
}  // namespace torch_lora
