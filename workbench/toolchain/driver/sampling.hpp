#pragma once

#include <vector>

#include "outputs.hpp"
#include "session.hpp"

namespace driver {

// The arguments that all samplers share, and the files of each chain.
struct Sampling {
  int chains;
  std::vector<Context> inits;
  std::vector<Context> metrics;
  int num_warmup;
  int num_samples;
  int thin;
  bool save_warmup;
  double stepsize;
  double stepsize_jitter;
  int max_depth;
  double delta;
  double gamma;
  double kappa;
  double t0;
  unsigned int init_buffer;
  unsigned int term_buffer;
  unsigned int window;
  std::vector<stan::callbacks::writer> init_writers;
  std::vector<CsvWriter> draws;
  std::vector<CsvWriter> diagnostics;
  std::vector<JsonWriter> adapted;
};

using Sampler = int (*)(Session&, Sampling&);

int nuts_diag(Session& session, Sampling& sampling);
int nuts_diag_adapt(Session& session, Sampling& sampling);
int nuts_dense(Session& session, Sampling& sampling);
int nuts_dense_adapt(Session& session, Sampling& sampling);
int nuts_unit(Session& session, Sampling& sampling);
int nuts_unit_adapt(Session& session, Sampling& sampling);
int fixed_param(Session& session, Sampling& sampling);

}  // namespace driver
