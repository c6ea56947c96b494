#if canImport(CLKernels)
  extension OpenCLBackend {
    public func magneticUpdate(
      logPolicy: Tensor, logMagnet: Tensor, payoff: Tensor, settings: MagneticUpdateSettings
    ) throws {
      let (b, n) = try Check.magneticUpdate(
        logPolicy: logPolicy, logMagnet: logMagnet, payoff: payoff, settings: settings)
      guard b > 0, n > 0 else { return }
      let type = logPolicy.type
      let plan = gamePlan(n, type)
      func real(_ x: Double) -> Argument { type == .f64 ? .double(x) : .float(Float(x)) }
      let pull = settings.eta * settings.alpha
      let spare = try scratch(plan.stateIsLocal ? 1 : 5 * b * plan.width, type)
      try launch(
        "magnetic_update", plan.program, groups: [b],
        [
          .rows(logPolicy), .rows(logMagnet), .rows(payoff), .tensor(spare),
          .local(plan.stateIsLocal ? 5 * plan.width * type.size : type.size),
          .local(plan.tile * type.size), .size(n), .size(plan.width), .size(plan.pitch),
          real(1 / (1 + pull)), real(pull / (1 + pull)), real(settings.eta / (1 + pull)),
          .size(settings.steps), .size(settings.syncSteps), .size(settings.firstStep),
        ])
    }

    /// How games of one size run on this device.
    private struct GamePlan {
      let program: ProgramKey
      /// n rounded up to whole runs of vectors.
      let width: Int
      let stateIsLocal: Bool
      /// Row stride and elements of the payoffs in local memory.
      let pitch: Int
      let tile: Int
    }

    /// A CPU device takes one work-item with whole vectors, and payoffs up to what a second-level
    /// cache holds; others a work-item for each action, and payoffs up to what local memory holds.
    private func gamePlan(_ n: Int, _ type: ElementType) -> GamePlan {
      let lanes = isNarrow ? 64 / type.size : 1
      let vectors = ceilDivide(n, lanes)
      let rows = isNarrow ? [4, 2].first { vectors % $0 == 0 } ?? 1 : 1
      let width = vectors * lanes
      let items = isNarrow ? 1 : min(largestWorkGroup, ceilDivide(n, 32) * 32)
      // The driver takes some local memory for itself.
      let memory = min(device.localMemory, isNarrow ? 512 << 10 : 48 << 10) - 256
      // Odd, so that the work-items which fill a column do not meet in one bank.
      let pitch = isNarrow ? width : width | 1
      let state = 5 * width * type.size
      let isResident = state + n * pitch * type.size <= memory
      let stage = isNarrow ? 0 : 64 / type.size
      let staged = stage * (items + 1)
      let stateIsLocal = isResident || state + staged * type.size <= memory
      return GamePlan(
        program: ProgramKey(
          family: "games",
          defines: [
            "DOUBLE": type == .f64 ? 1 : 0, "WG": items, "GV": lanes, "ROWS": rows,
            "STATE_LOCAL": stateIsLocal ? 1 : 0, "RESIDENT": isResident ? 1 : 0,
            "TILE": max(stage, 1),
          ]),
        width: width, stateIsLocal: stateIsLocal, pitch: pitch,
        tile: isResident ? n * pitch : max(staged, 1))
    }
  }
#endif
