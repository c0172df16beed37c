#pragma once

#include <stan/model/model_base.hpp>
#include <string>
#include <vector>

namespace driver {

using Row = std::vector<double>;

// The content of a CSV file of Stan: comments, column names and rows.
struct Table {
  std::string path;
  std::vector<std::string> comments;
  std::vector<std::string> names;
  std::vector<Row> rows;
};

Table read_table(const std::string& path);

// Returns the columns of the model's parameters, which come after the method's
// own columns, whose names end in two underscores.
std::vector<Row> parameter_rows(const Table& table,
                                const stan::model::model_base& model);

// Transforms constrained parameter values to the unconstrained scale.
Row unconstrain(const stan::model::model_base& model, const Row& values);

}  // namespace driver
