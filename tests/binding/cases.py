"""Programs, tables, and the arrays one would write by hand for them.

Each case: the data block, the parameters (which decide what counts groups), the table, the options,
and the data by hand. The model says little: binding looks at declarations and at what indexes what.
"""

from dataclasses import dataclass, field
from typing import Any

from workbench.binding import BindingOptions


@dataclass(frozen=True)
class Case:
    """One program with one table, and the data that belong to it."""

    name: str
    data: str
    table: str
    expected: dict[str, Any]
    options: BindingOptions = field(default_factory=BindingOptions)
    parameters: str = "real a;"
    model: str = "a ~ normal(0, 1);"
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def program(self) -> str:
        """The whole program."""
        return f"data {{ {self.data} }}\nparameters {{ {self.parameters} }}\nmodel {{ {self.model} }}\n"


SCHOOLS = """school,size,urban,y
Choate,300,yes,1.5
Andover 10,200,no,2.5
Andover 9,150,yes,3.5
Choate,300,yes,4.5
"""
GROUPS = "int N; int J; array[N] int<lower=1, upper=J> school; vector[N] y;"
BY_SCHOOL = ("Andover 9", "Andover 10", "Choate")

CASES = (
    Case(
        "the numeric columns that are left become the matrix, in the table's order",
        "int N; int K; matrix[N, K] X; vector[N] y;",
        "who,b,y,a,flag\nAnn,1,5,0.5,true\nBob,2,6,0.25,false\n",
        {"N": 2, "K": 3, "X": [[1, 0.5, 1], [2, 0.25, 0]], "y": [5, 6]},
        labels={"K": ("b", "a", "flag"), "N": ("Ann", "Bob")},
    ),
    Case(
        "columns that are named have priority over columns of the variable's name",
        "int N; int K; matrix[N, K] X; vector[N] y;",
        "a,b,y,sales\n1,2,3,4\n5,6,7,8\n",
        {"N": 2, "K": 2, "X": [[2, 1], [6, 5]], "y": [4, 8]},
        BindingOptions(columns={"y": ("sales",), "X": ("b", "a")}),
        labels={"K": ("b", "a")},
    ),
    Case(
        "case, blanks and punctuation may differ where only one column can be meant",
        "int N; vector[N] kid_score; vector[N] iq;",
        "Kid Score,IQ,other\n1,2,9\n3,4,9\n",
        {"N": 2, "kid_score": [1, 3], "iq": [2, 4]},
    ),
    Case(
        "texts become levels, sorted with the numbers in them by value",
        GROUPS,
        SCHOOLS,
        {"N": 4, "J": 3, "school": [3, 2, 1, 3], "y": [1.5, 2.5, 3.5, 4.5]},
        parameters="vector[J] theta;",
        model="theta ~ normal(0, 1);",
        labels={"J": BY_SCHOOL},
        levels={"school": BY_SCHOOL},
    ),
    Case(
        "a variable with one value per group takes a column that is constant within groups",
        GROUPS + " vector[J] size; array[J] int<lower=0, upper=1> urban;",
        SCHOOLS,
        {"N": 4, "J": 3, "school": [3, 2, 1, 3], "y": [1.5, 2.5, 3.5, 4.5], "size": [150, 200, 300],
         "urban": [1, 0, 1]},
        parameters="vector[J] theta;",
        model="theta ~ normal(0, 1);",
    ),
    Case(
        "a matrix for each group",
        GROUPS + " int L; matrix[J, L] U;",
        SCHOOLS,
        {"N": 4, "J": 3, "L": 2, "school": [3, 2, 1, 3], "y": [1.5, 2.5, 3.5, 4.5],
         "U": [[150, 1], [200, 0], [300, 1]]},
        BindingOptions(columns={"U": ("size", "urban")}),
        parameters="vector[J] theta;",
        model="theta ~ normal(0, 1);",
        labels={"J": BY_SCHOOL, "L": ("size", "urban=yes")},
    ),
    Case(
        "groups within groups",
        "int N; int J; int S; array[N] int<lower=1, upper=J> town;"
        " array[J] int<lower=1, upper=S> state; vector[S] tax;",
        "town,state,tax\nb,x,1\na,y,2\nc,x,1\nb,x,1\n",
        {"N": 4, "J": 3, "S": 2, "town": [2, 1, 3, 2], "state": [2, 1, 1], "tax": [1, 2]},
        parameters="vector[J] t; vector[S] s;",
        model="t ~ normal(0, 1); s ~ normal(0, 1);",
        labels={"J": ("a", "b", "c"), "S": ("x", "y")},
    ),
    Case(
        "an array that indexes something of size J needs no declared bound to hold groups",
        "int N; int J; array[N] int g; vector[N] y;",
        "g,y\nu,1\nv,2\nu,3\n",
        {"N": 3, "J": 2, "g": [1, 2, 1], "y": [1, 2, 3]},
        parameters="vector[J] theta;",
        model="y ~ normal(theta[g], 1);",
        labels={"J": ("u", "v")},
    ),
    Case(
        "arrays with the same number of groups share their levels",
        "int N; int T; array[N] int<lower=1, upper=T> home; array[N] int<lower=1, upper=T> away;",
        "home,away\nRoma,Lazio\nMilan,Roma\n",
        {"N": 2, "T": 3, "home": [3, 2], "away": [1, 3]},
        parameters="vector[T] skill;",
        model="skill ~ normal(0, 1);",
        labels={"T": ("Lazio", "Milan", "Roma")},
    ),
    Case(
        "integers from 1 with few gaps stay as they are",
        "int N; int T; array[N] int<lower=1, upper=T> day;",
        "day\n1\n2\n4\n2\n",
        {"N": 4, "T": 4, "day": [1, 2, 4, 2]},
        parameters="vector[T] state;",
        model="state ~ normal(0, 1);",
    ),
    Case(
        "numbers with large gaps are numbered in order",
        "int N; int J; array[N] int<lower=1, upper=J> id;",
        "id\n205\n101\n333\n101\n",
        {"N": 4, "J": 3, "id": [2, 1, 3, 1]},
        parameters="vector[J] t;",
        model="t ~ normal(0, 1);",
        labels={"J": ("101", "205", "333")},
    ),
    Case(
        "groups numbered from 0 are numbered from 1",
        "int N; int J; array[N] int<lower=1, upper=J> id;",
        "id\n0\n1\n2\n1\n",
        {"N": 4, "J": 3, "id": [1, 2, 3, 2]},
        parameters="vector[J] t;",
        model="t ~ normal(0, 1);",
        labels={"J": ("0", "1", "2")},
    ),
    Case(
        "integers stay as they are if the number of groups is given",
        "int N; int J; array[N] int<lower=1, upper=J> id;",
        "id\n5\n1\n",
        {"N": 2, "J": 9, "id": [5, 1]},
        BindingOptions(given={"J": 9}),
        parameters="vector[J] t;",
        model="t ~ normal(0, 1);",
    ),
    Case(
        "yes and no, and texts with two levels, where 0 or 1 is declared",
        "int N; array[N] int<lower=0, upper=1> won; array[N] int<lower=0, upper=1> left; vector[N] flag;",
        "won,left,flag\nloss,true,TRUE\nwin,false,FALSE\n",
        {"N": 2, "won": [0, 1], "left": [1, 0], "flag": [1, 0]},
        levels={"won": ("loss", "win")},
    ),
    Case(
        "the reference level is 0",
        "int N; array[N] int<lower=0, upper=1> won;",
        "won\nloss\nwin\n",
        {"N": 2, "won": [1, 0]},
        BindingOptions(reference={"won": "win"}),
        levels={"won": ("win", "loss")},
    ),
    Case(
        "a text in a matrix becomes indicators against its first level",
        "int N; int K; matrix[N, K] X;",
        "age,region\n30,south\n40,north\n50,west\n",
        {"N": 3, "K": 3, "X": [[30, 1, 0], [40, 0, 0], [50, 0, 1]]},
        BindingOptions(columns={"X": ("age", "region")}),
        labels={"K": ("age", "region=south", "region=west")},
    ),
    Case(
        "a text in a matrix becomes indicators against the reference level",
        "int N; int K; matrix[N, K] X;",
        "age,region\n30,south\n40,north\n50,west\n",
        {"N": 3, "K": 3, "X": [[0, 1, 30], [1, 0, 40], [0, 0, 50]]},
        BindingOptions(columns={"X": ("region", "age")}, reference={"region": "west"}),
        labels={"K": ("region=north", "region=south", "age")},
    ),
    Case(
        "numbered columns of a matrix",
        "int N; matrix[N, 2] X; vector[N] y;",
        "X.2,y,X.1,Xtra\n2,5,1,0\n4,6,3,0\n",
        {"N": 2, "X": [[1, 2], [3, 4]], "y": [5, 6]},
    ),
    Case(
        "arrays of vectors, of row vectors and of arrays are filled like matrices",
        "int N; int K; array[N] vector[K] v; array[N] row_vector[2] r; array[N, 2] int c; vector[N] y;",
        "y,a,b\n1,2,3\n4,5,6\n",
        {"N": 2, "K": 2, "v": [[2, 3], [5, 6]], "r": [[3, 2], [6, 5]], "c": [[2, 1], [5, 4]], "y": [1, 4]},
        BindingOptions(columns={"v": ("a", "b"), "r": ("b", "a"), "c": ("a", "y")}),
    ),
    Case(
        "a matrix whose rows are declared last is transposed",
        "int N; int K; matrix[K, N] X; vector[N] y;",
        "y,a,b,c\n1,2,3,4\n5,6,7,8\n",
        {"N": 2, "K": 3, "X": [[2, 6], [3, 7], [4, 8]], "y": [1, 5]},
        labels={"K": ("a", "b", "c")},
    ),
    Case(
        "sizes are derived through expressions",
        "int N; int K; int M; vector[N + 1] y; matrix[N + 1, 2 * K] X; vector[M %/% 1] z;",
        "y,z,a,b\n1,4,7,1\n2,5,8,1\n3,6,9,2\n",
        {"N": 2, "K": 1, "M": 3, "y": [1, 2, 3], "X": [[7, 1], [8, 1], [9, 2]], "z": [4, 5, 6]},
    ),
    Case(
        "a triangular number of columns has one root",
        "int N; int K; matrix[N, (K * (K - 1)) %/% 2] X;",
        "a,b,c\n1,2,3\n",
        {"N": 1, "K": 3, "X": [[1, 2, 3]]},
    ),
    Case(
        "a single number takes a column that is the same in every row; a size takes none",
        "int N; int n; real<lower=0> scale; vector[N] y; array[N] int<upper=n> k;",
        "y,scale,N,n,k\n1,2.5,7,3,1\n2,2.5,8,3,2\n",
        {"N": 2, "n": 2, "scale": 2.5, "y": [1, 2], "k": [1, 2]},
    ),
    Case(
        "dates in the units requested",
        "int N; vector[N] t; array[N] int<lower=1, upper=12> m; int K; matrix[N, K] X;",
        "when,x\n2026-01-31,5\n2026-03-02,6\n",
        {"N": 2, "t": [0, 30], "m": [1, 3], "K": 2, "X": [[5, 0], [6, 30 / 7]]},
        BindingOptions(columns={"t": ("when:days",), "m": ("when:month",), "X": ("x", "when:weeks")}),
        labels={"K": ("x", "when:weeks")},
    ),
    Case(
        "rows with a missing cell in a used column are left out",
        "int N; vector[N] y; int J; array[N] int<lower=1, upper=J> g;",
        "y,g,other\n1,u,\nNA,v,1\n3,,1\n4,w,\n",
        {"N": 2, "y": [1, 4], "J": 2, "g": [1, 2]},
        BindingOptions(missing="drop"),
        parameters="vector[J] t;",
        model="t ~ normal(0, 1);",
        labels={"J": ("u", "w"), "N": ("row 1", "row 4")},
    ),
    Case(
        "values given by name, of every shape",
        "int N; vector[N] y; real m; vector[2] w; matrix[2, 2] S; array[0] int none; simplex[3] p;",
        "y\n1\n2\n",
        {"N": 2, "y": [1, 2], "m": 0.5, "w": [1, 2], "S": [[2, 1], [1, 2]], "none": [], "p": [0.2, 0.3, 0.5]},
        BindingOptions(
            given={"m": 0.5, "w": [1, 2], "S": [[2, 1], [1, 2]], "none": [], "p": [0.2, 0.3, 0.5]}
        ),
    ),
    Case(
        "predictors are standardized, except those with two values",
        "int N; int K; matrix[N, K] X;",
        "age,male\n30,0\n40,1\n50,1\n",
        {"N": 3, "K": 2, "X": [[-1, 0], [0, 1], [1, 1]]},
        BindingOptions(standardize=True),
        labels={"K": ("age", "male")},
    ),
    Case(
        "identifiers are not predictors, unless they are named",
        "int N; int K; matrix[N, K] X; vector[N] y;",
        "PatientID,row,a,year,y\n7,1,0.5,2001,1\n9,2,0.25,2002,2\n",
        {"N": 2, "K": 2, "X": [[0.5, 2001], [0.25, 2002]], "y": [1, 2]},
        labels={"K": ("a", "year")},
    ),
    Case(
        "an identifier that is named is a predictor",
        "int N; int K; matrix[N, K] X; vector[N] y;",
        "ID,a,y\n7,0.5,1\n9,0.25,2\n",
        {"N": 2, "K": 2, "X": [[7, 0.5], [9, 0.25]], "y": [1, 2]},
        BindingOptions(columns={"X": ("ID", "a")}),
    ),
    Case(
        "numbers written for people",
        "int N; int K; matrix[N, K] X; vector[N] y;",
        'y,price,share\n1,"$12,603.37",5%\n2,$8,45.5 %\n',
        {"N": 2, "K": 2, "X": [[12603.37, 5], [8, 45.5]], "y": [1, 2]},
    ),
    Case(
        "yes and no in any spelling, where 0 or 1 is declared",
        "int N; array[N] int<lower=0, upper=1> won;",
        "won\nYes\nno\nyes\nNO\nN\n",
        {"N": 5, "won": [1, 0, 1, 0, 0]},
        levels={"won": ("no", "yes")},
    ),
    Case(
        "no is 0 and yes is 1, whatever the order of their letters",
        "int N; array[N] int<lower=0, upper=1> won;",
        "won\nYes\nno\nYes\n",
        {"N": 3, "won": [1, 0, 1]},
        levels={"won": ("no", "Yes")},
    ),
    Case(
        "yes and no in any spelling are one indicator",
        "int N; int K; matrix[N, K] X;",
        "x,smoker\n1,Yes\n2,no\n3,yes\n",
        {"N": 3, "K": 2, "X": [[1, 1], [2, 0], [3, 1]]},
        BindingOptions(columns={"X": ("x", "smoker")}),
        labels={"K": ("x", "smoker=yes")},
    ),
    Case(
        "many levels become indicators on request",
        "int N; int K; matrix[N, K] X;",
        "town\n" + "".join(f"t{i}\n" for i in range(23)),
        {"N": 23, "K": 22, "X": [[int(column == row - 1) for column in range(22)] for row in range(23)]},
        BindingOptions(columns={"X": ("town:indicators",)}),
        labels={"K": tuple(f"town=t{i}" for i in range(1, 23))},
    ),
    Case(
        "single levels become indicators on request, and so do numbers",
        "int N; int K; matrix[N, K] X; vector[N] first;",
        "town,month\nRome,1\nOslo,3\nRome,12\nBonn,3\n",
        {"N": 4, "K": 4, "X": [[1, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 1, 0]],
         "first": [1, 0, 1, 0]},
        BindingOptions(
            columns={"X": ("town=Rome", "town=Oslo", "month:indicators"), "first": ("town=Rome",)}
        ),
        labels={"K": ("town=Rome", "town=Oslo", "month=3", "month=12")},
    ),
    Case(
        "a single number fills an array whose size is known",
        "int N; int K; matrix[N, K] X; vector[K] m; array[2] int k; matrix[2, 2] S; array[N] real w;",
        "a,b,c\n1,2,3\n4,5,6\n",
        {"N": 2, "K": 3, "X": [[1, 2, 3], [4, 5, 6]], "m": [0.3] * 3, "k": [4, 4], "S": [[1, 1], [1, 1]],
         "w": [2, 2]},
        BindingOptions(given={"m": 0.3, "k": 4, "S": 1, "w": 2}),
    ),
)  # fmt: skip
