#if canImport(CLKernels)
  /// Chooses how each product of one backend is computed: what tuning found, else rules.
  package final class MatmulPlanner {
    package let candidates: [any MatmulCandidate]
    private let fragments: [FragmentSource]
    private let device: OpenCLDevice
    private let store: MatmulTuningStore?
    /// What is known of this device: verdicts on fragments and tuned picks.
    package private(set) var tuning: MatmulTuning
    private var chosen: [MatmulShape: any MatmulCandidate] = [:]
    private var refused: Set<String> = []

    init(
      _ device: OpenCLDevice, fragments: [FragmentSource], candidates: [any MatmulCandidate],
      cacheDirectory: String?
    ) {
      self.device = device
      self.fragments = fragments
      self.candidates = candidates
      store = cacheDirectory.map {
        MatmulTuningStore(directory: $0, key: .init(device.description, fragments))
      }
      tuning = store?.load() ?? MatmulTuning()
    }

    func choose(_ shape: MatmulShape, on backend: OpenCLBackend) -> any MatmulCandidate {
      if let known = chosen[shape] { return known }
      let choice = tuned(shape, on: backend) ?? rule(shape, on: backend)
      // Lengths of sequences are many: start over rather than grow without end.
      if chosen.count >= 4096 { chosen.removeAll() }
      chosen[shape] = choice
      return choice
    }

    /// Another way than one that the driver would not take (rules pick tiles that no check has seen on
    /// this device), which is not used again; nil when there is none.
    func choose(
      _ shape: MatmulShape, insteadOf candidate: any MatmulCandidate, on backend: OpenCLBackend
    ) -> (any MatmulCandidate)? {
      refused.insert(candidate.name)
      chosen.removeAll()
      let other = choose(shape, on: backend)
      return other.name == candidate.name ? nil : other
    }

    /// The pick of the nearest tuned shape whose candidate is still one.
    private func tuned(_ shape: MatmulShape, on backend: OpenCLBackend) -> (any MatmulCandidate)? {
      for name in tuning.names(nearestTo: shape) {
        if let found = candidates.first(where: { $0.name == name }),
          !refused.contains(name), found.takes(shape, on: backend)
        {
          return found
        }
      }
      return nil
    }

    private func rule(_ shape: MatmulShape, on backend: OpenCLBackend) -> any MatmulCandidate {
      let skinny = SkinnyMatmul()
      if skinny.takes(shape, on: backend) { return skinny }
      if device.description.kind == .openCLCPU { return VectorMatmul(rows: 8) }
      return tensorRule(shape, on: backend) ?? TiledMatmul.rule(shape, on: backend)
    }

    /// By the first matrix unit that works; nil without one.
    func tensorRule(_ shape: MatmulShape, on backend: OpenCLBackend) -> TensorMatmul? {
      guard shape.isBFloat16 else { return nil }
      for fragment in fragments {
        if let found = TensorMatmul.rule(shape, fragment, without: refused, on: backend) {
          return found
        }
      }
      return nil
    }

    // MARK: Matrix units

    /// Whether the device has the matrix unit: by the probe, whose verdict is kept on disk. A device
    /// that was merely full or busy is asked again by the next run.
    package func isUsable(_ fragment: FragmentSource, on backend: OpenCLBackend) -> Bool {
      if let verdict = tuning.fragments[fragment.name] { return verdict.isEmpty }
      let verdict = FragmentProbe.verdict(
        on: fragment, device: device, configuration: backend.configuration)
      tuning.fragments[fragment.name] = verdict.failure ?? ""
      if verdict.isFinal, let store {
        // Another process may have tuned since this one started.
        var kept = store.load() ?? tuning
        kept.fragments[fragment.name] = verdict.failure ?? ""
        store.save(kept)
      }
      return verdict.failure == nil
    }

    /// Each matrix unit that the device does not have, and why.
    package func refusals(on backend: OpenCLBackend) -> [String] {
      fragments.filter { !isUsable($0, on: backend) }.map {
        "\($0.name): \(tuning.fragments[$0.name] ?? "")"
      }
    }

    /// The names of those that it has.
    package func units(on backend: OpenCLBackend) -> [String] {
      fragments.filter { isUsable($0, on: backend) }.map(\.name)
    }

    // MARK: Tuning

    /// Where `adopt` keeps picks; nil when nothing is kept.
    package var path: String? { store?.path }

    /// Uses `picks` from now on, instead of all earlier ones, and keeps them on disk. Returns
    /// whether the disk took them.
    @discardableResult
    package func adopt(_ picks: [MatmulTuning.Pick]) -> Bool {
      if let kept = store?.load() { tuning.fragments.merge(kept.fragments) { own, _ in own } }
      tuning.picks = picks
      refused = []
      chosen.removeAll()
      return store?.save(tuning) ?? false
    }
  }
#endif
