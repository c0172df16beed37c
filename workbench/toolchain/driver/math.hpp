#pragma once

// The part of Stan's math library that Stan's services use. It compiles in a
// fifth of the time of the whole library, and so needs no precompiled header.
// Stan's own headers include the whole, so this header sets their guards: it
// must be included before any of them.
#ifdef STAN_MATH_PRIM_HPP
#error "include math.hpp before Stan's headers"
#endif
#define STAN_MATH_HPP
#define STAN_MATH_REV_HPP
#define STAN_MATH_PRIM_HPP
#define STAN_MATH_PRIM_FUNCTOR_HPP
#define STAN_MATH_REV_FUNCTOR_HPP

// clang-format off: the order matters, later headers need the earlier ones
#include <stan/math/prim/functor/apply.hpp>
#include <stan/math/prim/functor/filter_map.hpp>
#include <stan/math/prim/functor/for_each.hpp>
#include <stan/math/prim/functor/make_holder_tuple.hpp>
#include <stan/math/prim/functor/partials_propagator.hpp>
#include <stan/math/rev/core.hpp>
#include <stan/math/rev/functor/gradient.hpp>
// clang-format on
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <boost/range/iterator_range.hpp>
#include <iomanip>
#include <stan/math/prim/err.hpp>
#include <stan/math/prim/fun/expm1.hpp>
#include <stan/math/prim/fun/log_sum_exp.hpp>
#include <stan/math/prim/fun/sum.hpp>
#include <stan/math/prim/fun/to_matrix.hpp>
#include <stan/math/prim/fun/to_ref.hpp>
#include <stan/math/prim/fun/welford_covar_estimator.hpp>
#include <stan/math/prim/fun/welford_var_estimator.hpp>
#include <stan/math/prim/prob/normal_rng.hpp>
#include <stan/math/prim/prob/std_normal_rng.hpp>
#include <stan/math/rev/fun/grad.hpp>
#include <stan/math/rev/functor/finite_diff_hessian_auto.hpp>

#include "quiet_gradient.hpp"
