/// What the numbers of a matrix file mean.
public enum MatrixScale: Sendable, Equatable {
  /// P itself, in [0, 1].
  case probability
  /// The row player's payoff v in [lo, hi], lo < hi both finite: `P = (v - lo) / (hi - lo)`, so
  /// the middle is a tie. `-1...1` for win 1, tie 0, loss -1; `0...100` for percentages.
  case payoff(ClosedRange<Double>)

  var range: ClosedRange<Double> {
    if case .payoff(let range) = self { return range }
    return 0...1
  }
}

/// How a matrix file is read.
public struct MatrixFileOptions: Sendable, Equatable {
  /// Default: probabilities.
  public var scale = MatrixScale.probability
  /// Take `(P + 1 - P^T) / 2` for P, which adds up to 1, and a cell left empty from its reverse.
  /// For payoffs measured by separate runs in each order. Default: false, so that a matrix that is
  /// no game is an error.
  public var antisymmetrise = false
  /// Default: an error.
  public var missing = MissingPairs.refuse

  public init(
    scale: MatrixScale = .probability, antisymmetrise: Bool = false,
    missing: MissingPairs = .refuse
  ) {
    self.scale = scale
    self.antisymmetrise = antisymmetrise
    self.missing = missing
  }
}

extension PreferenceGame {
  /// The game of a matrix file: n rows of n numbers, row a column b for a over b, apart by commas,
  /// tabs or spaces. `#` begins a comment line.
  ///
  /// The first row is a header of names when it has names after the first field and no number, and
  /// when it is an empty field and 0, 1, 2, ... (as pandas writes). The first column holds names
  /// when the header has a field for it (`model,a,b`), or the rows have one field more than the
  /// header, or, without a header, its first field is no number. Without names the players are `1`
  /// to `n`. Row names must be the column names in the same order.
  ///
  /// An empty field or `NA` is a missing value; a missing diagonal is a tie. Values may leave the
  /// range, and the two of a pair their sum, by rounding: `tolerance` of the range's width.
  ///
  /// - Throws: `DataError` with file and line; `GameError.incomplete` where a pair has no value,
  ///   `GameError.options` for a scale without a finite width above 0.
  public static func matrixFile(
    _ path: String, options: MatrixFileOptions = MatrixFileOptions()
  ) throws -> CompleteGame {
    try matrix(TableFile(path, what: "a game's matrix"), options: options)
  }

  static func matrix(_ table: TableFile, options: MatrixFileOptions) throws -> CompleteGame {
    let range = options.scale.range
    let width = range.upperBound - range.lowerBound
    guard width.isFinite, width > 0 else {
      throw GameError.options(
        "scale \(range.lowerBound)...\(range.upperBound): expected finite bounds, the first below "
          + "the second")
    }
    var rows = try MatrixRows(table)
    try rows.checkRange(range)
    if options.antisymmetrise {
      rows.antisymmetrise(range)
    } else {
      try rows.checkAntisymmetry(range)
    }
    let game = PartialGame(
      path: table.path, names: rows.names, values: rows.probabilities(range), weights: nil)
    return try game.completed(
      options.missing,
      remedy: rows.missingAreGivenInReverse
        ? "the reverse is given for all; --antisymmetrise takes the value from it"
        : "fill it in, or ask for a complete sub-game (--complete-subgame), which leaves players "
          + "out"
    )
  }
}
