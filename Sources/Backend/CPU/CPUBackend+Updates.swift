import CPUKernels

extension CPUBackend {
  public func magneticUpdate(
    logPolicy: Tensor, logMagnet: Tensor, payoff: Tensor, settings: MagneticUpdateSettings
  ) throws {
    let op = "magneticUpdate"
    let (b, n) = try Check.magneticUpdate(
      logPolicy: logPolicy, logMagnet: logMagnet, payoff: payoff, settings: settings)
    let status = mpo_magnetic_update(
      pool, logPolicy.type == .f64 ? 1 : 0, try bytes(logPolicy, op), try bytes(logMagnet, op),
      try bytes(payoff, op),
      mpo_update_settings(
        eta: settings.eta, alpha: settings.alpha, steps: settings.steps,
        sync_steps: settings.syncSteps, first_step: settings.firstStep),
      b, n)
    try check(status, op)
  }

  public func norm(_ x: Tensor, into out: Tensor) throws {
    try Check.norm(x, into: out)
    try check(mpo_norm(pool, try floats(x, "norm"), x.count, try floats(out, "norm")), "norm")
  }

  public func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    gradNorm: Tensor, settings: AdamWSettings
  ) throws {
    let op = "adamW"
    try Check.adamW(
      parameters: parameters, gradients: gradients, firstMoment: firstMoment,
      secondMoment: secondMoment, gradNorm: gradNorm, settings: settings)
    mpo_adamw(
      pool, try floats(parameters, op), try floats(gradients, op), try floats(firstMoment, op),
      try floats(secondMoment, op), parameters.count, try floats(gradNorm, op),
      mpo_adamw_settings(
        learning_rate: settings.learningRate, beta1: settings.beta1, beta2: settings.beta2,
        epsilon: settings.epsilon, weight_decay: settings.weightDecay,
        max_norm: settings.maxGradNorm, step: settings.step))
  }
}
