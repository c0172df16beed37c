"""The rules by which a table becomes Stan's data, in the words a user reads."""

from __future__ import annotations

RULES = (
    "A value given by name is taken as it is: --set NAME=VALUE (JSON), --prior, or the model's .toml.",
    "--column y=sales and --columns X=age,income name the columns of a variable; so may the model's .toml.",
    "Otherwise a variable takes the column of its own name. Where there is none and exactly one column "
    "differs "
    "from it only in case, blanks or punctuation, it takes that one, and the remark says so.",
    "A matrix takes its numbered columns (X1, X2 ... or X[1], X.1, X_1) where the table has them; "
    "otherwise, if "
    "it is the only one left, the numeric columns that nothing else uses, in the table's order. Text is "
    "never "
    "taken unasked.",
    "A single number takes a column of its name if all cells are equal; the size of an array does not.",
    "Sizes are derived from what is declared with them: N from the rows, K from the columns, also through "
    "expressions of one unknown such as N + 1 or 2 * K.",
    "An integer array declared with upper=J (or used as the index of something of size J) holds the numbers "
    "of "
    "groups: texts and categories become 1..J, in the categories' own order, else sorted with numbers inside "
    "texts by value. Arrays with the same J share their levels. Integers from 1 with few gaps stay as they "
    "are, "
    "J being the largest; others are numbered in order. Only levels that occur are counted.",
    "What is declared with size J, such as vector[J] u, then takes a column that is constant within each "
    "group.",
    "Where 0 or 1 is declared, a text of two levels becomes 0 and 1, the reference level 0. Yes and no "
    "(true and false) become 1 and 0.",
    "A text column named for a matrix becomes indicators, one for each level but the reference: the first "
    "level, or that of --reference COLUMN=LEVEL.",
    "Dates need an instruction: --column t=when:days counts days since the earliest date (seconds, minutes, "
    "hours, days, weeks, years of 365.25 days); when:year, month, day, weekday (Monday is 1), yearday and "
    "hour "
    "are parts of the calendar.",
    "Missing cells are refused, or with --missing drop their rows are left out, looking only at columns in "
    "use.",
    "With --standardize each predictor that is not constant and has more than two values is centred at its "
    "mean "
    "and divided by its standard deviation.",
    "Names come back: columns, levels, and a text column that nothing uses and that tells all rows apart.",
    "A file of Stan's own data (JSON) is used as it is; its values are held against the declarations.",
)
"""One sentence or two for each rule, in the order in which they are applied."""
