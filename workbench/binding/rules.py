"""The rules by which a table becomes Stan's data, as a user reads them."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "given": "A value that is given by name is used as it is: --set NAME=VALUE (JSON), --prior, or the "
    "model's .toml.",
    "fill": "A single number that is given for a vector or an array stands for each of its elements, where "
    "its size is known.",
    "named": "--column y=sales and --columns X=age,income name the columns of a variable. The model's .toml "
    "may name them too.",
    "own name": "A variable takes the column of its own name. If there is none, but exactly one column "
    "differs from that name only in case, blanks or punctuation, the variable takes that column, and a "
    "remark says so.",
    "matrix": "A matrix takes its numbered columns (X1, X2 ... or X[1], X.1, X_1) if the table has them. "
    "The only matrix that is still without columns takes the numeric columns that no other variable uses, "
    "in the table's order, without identifiers such as `id` or `row`. A column of text is used only if it "
    "is named.",
    "texts": "Numbers may have separated thousands, a currency or a percent sign. Words such as NA, n/a, "
    "null, missing and - stand for missing cells.",
    "single": "A single number takes the column of its name if all cells of the column are equal. The size "
    "of an array never takes a column.",
    "sizes": "Sizes are derived from the variables declared with them: N from the rows, K from the columns. "
    "A size may be an expression with one unknown, such as N + 1 or 2 * K.",
    "groups": "An integer array declared with upper=J, or used as the index of something of size J, holds "
    "the numbers of groups. Texts and categories become 1..J: categories in their own order, texts sorted, "
    "with numbers inside them sorted by value. Arrays with the same J share their levels. Integers from 1 "
    "with few gaps stay as they are, and J is the largest; other integers are numbered in order. Only "
    "levels that occur are counted.",
    "one per group": "A variable declared with size J, such as vector[J] u, then takes a column that is "
    "constant within each group.",
    "0 or 1": "Where lower=0, upper=1 is declared for integers, a text column with two levels becomes 0 and "
    "1; the reference level is 0. Yes and no (true and false), in any spelling, become 1 and 0.",
    "indicators": "A text column named for a matrix becomes indicators, one for each level except the "
    "reference level, which is the first level or the one named by --reference COLUMN=LEVEL. More than 20 "
    "must be requested: --columns X=town:indicators, or one by one, X=town=Rome,town=Oslo.",
    "dates": "A column of dates must be named with a unit: --column t=when:days counts days since the "
    "earliest date (seconds, minutes, hours, days, weeks, years of 365.25 days); when:year, month, day, "
    "weekday (Monday is 1), yearday and hour are parts of the calendar.",
    "missing": "Missing cells are refused. With --missing drop, rows with a missing cell in a column that "
    "is used are left out.",
    "standardize": "With --standardize, the mean of each predictor is subtracted and the difference is "
    "divided by its standard deviation, unless the predictor is constant or has only two values.",
    "labels": "Results are labelled with the names of columns, with levels, and with the names of rows: the "
    "texts of a column that no variable uses, if they are all different and not numbers.",
    "Stan data": "A Stan data file (JSON) is used as it is; its values are checked against the declarations.",
}
"""By a key of its own: each rule, in the order in which they are applied."""
