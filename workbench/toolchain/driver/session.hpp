#pragma once

#include <stan/callbacks/interrupt.hpp>
#include <stan/model/model_base.hpp>
#include <string>
#include <vector>

#include "console.hpp"
#include "contexts.hpp"
#include "settings.hpp"

namespace driver {

// The input of every method: the command line, the model with its data, and the
// console for messages.
struct Session {
  const Settings& settings;
  stan::model::model_base& model;
  stan::model::model_base& written;  // the same density, with what is written
  Console& console;
  std::vector<std::string> header;        // the first comments of each CSV file
  std::vector<std::string> brief_header;  // the same for diagnostic files
  unsigned int seed;
  unsigned int id;
  int refresh;
  double init_radius;
  std::string init_file;
  stan::callbacks::interrupt interrupt{};
};

// Reads the user's initial values, a set for each chain.
inline std::vector<Context> read_inits(const Session& session, int chains) {
  return read_contexts(session.init_file, chains, session.id);
}

}  // namespace driver
