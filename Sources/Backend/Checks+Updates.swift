/// Tabular games and the optimizer.
extension Check {
  static func magneticUpdate(
    logPolicy: Tensor, logMagnet: Tensor, payoff: Tensor, settings: MagneticUpdateSettings
  ) throws -> (b: Int, n: Int) {
    let op = "magneticUpdate"
    let (b, n) = (logPolicy.rows, logPolicy.columns)
    let type = logPolicy.type
    try require(
      op, type != .i32, "logPolicy: expected f32 or f64, found \(type)")
    try tensor(op, "logPolicy", logPolicy, type: type)
    try matrix(op, "logMagnet", logMagnet, b, n, type: type)
    try matrix(op, "payoff", payoff, b * n, n, type: type)
    try require(
      op,
      settings.eta >= 0 && settings.alpha >= 0 && settings.steps >= 0 && settings.syncSteps >= 0
        && settings.firstStep >= 0,
      "expected eta, alpha, steps, syncSteps, firstStep >= 0, found \(settings)")
    return (b, n)
  }

  static func norm(_ x: Tensor, into out: Tensor) throws {
    try tensor("norm", "x", x)
    try vector("norm", "out", out, 1)
  }

  static func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    gradNorm: Tensor, settings: AdamWSettings
  ) throws {
    try tensor("adamW", "parameters", parameters)
    for (name, t) in [
      ("gradients", gradients), ("firstMoment", firstMoment), ("secondMoment", secondMoment),
    ] {
      try vector("adamW", name, t, parameters.count)
    }
    try vector("adamW", "gradNorm", gradNorm, 1)
    try require("adamW", settings.step >= 1, "step: expected 1 or more, found \(settings.step)")
  }
}
