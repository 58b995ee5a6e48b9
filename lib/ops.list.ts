/**
 * What lib/generated has typed functions for, as far as it is kept by hand. After a change run `npm run generate`.
 * ATen's operators come by rule: every one whose arguments and results TypeScript can hold, that is functional or in
 * place, and neither private nor a derivative (scripts/generate-ops.ts).
 */

/** Operators of ATen that a release of 2.11 to 2.14 lacks; `callOperator` reaches them they are. */
export const notInEveryRelease: readonly string[] = [
  'numel', // those five since 2.12
  'dim',
  'storage_offset',
  'is_contiguous',
  'get_device',
  'qr', // to 2.13
  'cholesky', // to 2.13
  '_foreach_clone', // since 2.12
  '_foreach_mm', // since 2.13
  'linalg_matrix_sqrth', // since 2.14
  'linalg_polar', // since 2.14
]

/** Ours, in lib/generated/fused.ts. */
export const fusedOperators: readonly string[] = [
  'embedding',
  'linear',
  'linear_gelu',
  'prepack_linear',
  'linear_int8',
  'prepack_linear_int8',
  'prepack_linear_nf4',
  'varlen_attention',
  'rotary',
  'geglu',
  'first_token_attention',
  'disentangled_attention',
  'reachable_positions',
  'unfold_sequences',
  'dropout_add_layer_norm',
  'dropout',
]

/**
 * Operators that are methods of Tensor too: those that `torch.Tensor` has, but for what the class says in its own way
 * (`to`, `item`, `size`, `isLeaf`) and what would be a second name for it (`multiply`, `absolute`).
 */
export const methods: readonly string[] = `
  abs abs_ acos acos_ acosh acosh_ add add_ addbmm addbmm_ addcdiv addcdiv_ addcmul addcmul_ addmm addmm_ addmv
  addmv_ addr addr_ all allclose amax amin aminmax any argmax argmin argsort argwhere as_strided asin asin_
  asinh asinh_ atan atan2 atan2_ atan_ atanh atanh_ baddbmm baddbmm_ bernoulli bernoulli_ bincount bitwise_and
  bitwise_and_ bitwise_left_shift bitwise_left_shift_ bitwise_not bitwise_not_ bitwise_or bitwise_or_
  bitwise_right_shift bitwise_right_shift_ bitwise_xor bitwise_xor_ bmm broadcast_to cauchy_ ceil ceil_
  cholesky_inverse cholesky_solve chunk clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clone contiguous
  copy_ copysign copysign_ corrcoef cos cos_ cosh cosh_ count_nonzero cov cross cummax cummin cumprod cumprod_
  cumsum cumsum_ deg2rad deg2rad_ det detach diag diag_embed diagflat diagonal diagonal_scatter diff digamma
  digamma_ dist div div_ dot dsplit eq eq_ equal erf erf_ erfc erfc_ erfinv erfinv_ exp exp2 exp2_ exp_
  expand expand_as expm1 expm1_ exponential_ fill_ fill_diagonal_ flatten flip fliplr flipud float_power
  float_power_ floor floor_ floor_divide floor_divide_ fmax fmin fmod fmod_ frac frac_ frexp gather gcd gcd_ ge
  ge_ geometric_ gt gt_ hardshrink heaviside heaviside_ histc histogram hsplit hypot hypot_ i0 i0_
  igamma igamma_ igammac igammac_ index index_add index_add_ index_copy index_copy_ index_fill index_fill_
  index_put index_put_ index_reduce index_reduce_ index_select inner isclose isfinite isinf isnan
  isneginf isposinf isreal kron kthvalue lcm lcm_ ldexp ldexp_ le le_ lerp lerp_ lgamma lgamma_ log log10 log10_
  log1p log1p_ log2 log2_ log_ log_normal_ log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and
  logical_and_ logical_not logical_not_ logical_or logical_or_ logical_xor logical_xor_ logit logit_ logsumexp
  lt lt_ lu_solve masked_fill masked_fill_ masked_scatter masked_scatter_ masked_select matmul matrix_exp
  matrix_power max maximum mean median min minimum mm mode movedim msort mul mul_ multinomial mv mvlgamma
  mvlgamma_ nan_to_num nan_to_num_ nanmean nanmedian nanquantile nansum narrow ne ne_ neg neg_ new_empty
  new_empty_strided new_full new_ones new_zeros nextafter nextafter_ nonzero nonzero_static norm normal_
  ormqr outer permute pinverse positive pow pow_ prelu prod put put_ quantile
  rad2deg rad2deg_ random_ ravel reciprocal reciprocal_ relu relu_ remainder remainder_ renorm renorm_ repeat
  repeat_interleave reshape reshape_as roll rot90 round round_ rsqrt rsqrt_ scatter scatter_ scatter_add
  scatter_add_ scatter_reduce scatter_reduce_ select select_scatter sgn sgn_ sigmoid sigmoid_ sign sign_ signbit
  sin sin_ sinc sinc_ sinh sinh_ slice slice_scatter slogdet softmax sort split split_with_sizes sqrt sqrt_
  square square_ squeeze squeeze_ std sub sub_ sum svd t t_ take take_along_dim tan tan_ tanh
  tanh_ tensor_split tile topk trace transpose transpose_ triangular_solve tril tril_ triu triu_ trunc trunc_
  type_as unbind unflatten unfold uniform_ unique_consecutive unsqueeze unsqueeze_ var vdot view view_as vsplit
  xlogy xlogy_ zero_
`
  .trim()
  .split(/\s+/)
