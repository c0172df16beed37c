#pragma once

#include <memory>
#include <stan/model/model_base.hpp>
#include <string>
#include <vector>

#include "contexts.hpp"
#include "settings.hpp"

namespace driver {

// The model with its data. The file is read once, however many seeds follow:
// transformed data may be random.
class LoadedModel {
 public:
  stan::model::model_base& get(const std::string& data, unsigned int seed,
                               std::ostream& messages);

 private:
  std::string path_;
  unsigned int seed_ = 0;
  Context data_;
  std::unique_ptr<stan::model::model_base> model_;
};

// Runs the method that the settings choose; returns an exit code. The output
// holds unconstrained parameters alone if `is_unconstrained`; an optimizer then
// leaves its last point in `last`, unless that is null.
int run(Settings settings, LoadedModel& loaded, bool is_unconstrained,
        std::vector<double>* last = nullptr);

// Answers requests on standard input until it ends.
int evaluate();

}  // namespace driver
