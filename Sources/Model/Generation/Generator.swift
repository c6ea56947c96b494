import MPOBackend

/// How completions are drawn.
public struct GenerationSettings: Sendable, Equatable {
  public var maxNewTokens: Int
  public var sampling: SamplingSettings
  /// Ids that end a completion (kept as its last token).
  public var stopTokens: Set<Int32>
  public var seed: UInt64
  /// The rollout: with the same seed another stream draws other numbers.
  public var stream: UInt32
  /// Rows decoded at once; more wait for the next batch. Does not change what is drawn.
  public var maxRows: Int

  public init(
    maxNewTokens: Int, sampling: SamplingSettings = .init(), stopTokens: Set<Int32> = [],
    seed: UInt64 = 0, stream: UInt32 = 0, maxRows: Int = 512
  ) {
    self.maxNewTokens = maxNewTokens
    self.sampling = sampling
    self.stopTokens = stopTokens
    self.seed = seed
    self.stream = stream
    self.maxRows = maxRows
  }
}

/// One response: its tokens (a stop token last when `stopped`), and the log-probability in nats
/// of each at the sampling temperature.
public struct Completion: Sendable, Equatable {
  public var tokens: [Int32] = []
  public var logProbs: [Float] = []
  public var stopped = false
  public init() {}
}

/// Batched, KV-cached generation. Prompts of any lengths share a batch without padding; a prompt is
/// prefilled once for its K responses; rows that finished leave the batch.
///
/// With two policies it draws from their token-wise geometric mixture, `p^(1-m) q^m / Z`, each with a
/// cache of its own: softmax((1 - m) z_p + m z_q), for a row's normalisers cancel.
public final class Generator {
  let decoder: Decoder
  let parameters: ParameterSet
  /// The second policy and its weight m in [0, 1].
  public struct Mixture {
    public var parameters: ParameterSet
    public var weight: Float
    public init(_ parameters: ParameterSet, weight: Float) {
      self.parameters = parameters
      self.weight = weight
    }
  }
  let mixture: Mixture?
  /// Steps between looks at what was drawn: waiting for a GPU at every token would leave it idle,
  /// which costs more than the steps that stopped rows still take. Does not change what is drawn.
  private let readEvery: Int
  private let workspace: Tensor?
  private var backend: any ComputeBackend { decoder.backend }

  /// `workspace` is memory that nothing else needs while this draws, such as gradients between two
  /// steps: where products are bf16 and the policy is stored in f32 alone, the weights that decoding
  /// reads are written there, in place of memory of their own.
  public convenience init(
    _ decoder: Decoder, _ parameters: ParameterSet, mixedWith mixture: Mixture? = nil,
    workspace: Tensor? = nil
  ) {
    let isGPU = decoder.backend.description.kind == .openCLGPU
    self.init(
      decoder, parameters, mixedWith: mixture, readEvery: isGPU ? 16 : 1, workspace: workspace)
  }

  /// `readEvery` is 16 on a GPU and 1 elsewhere.
  package init(
    _ decoder: Decoder, _ parameters: ParameterSet, mixedWith mixture: Mixture? = nil,
    readEvery: Int, workspace: Tensor? = nil
  ) {
    self.decoder = decoder
    self.parameters = parameters
    self.mixture = mixture
    self.readEvery = readEvery
    self.workspace = workspace
  }

  /// `samples` completions of every prompt, (prompts, samples). Row p * samples + s draws with that
  /// number, whatever else is in the batch. `finished` gets the completions of some prompts as soon as
  /// they are all there.
  /// - Throws: `BackendError.argument` for an empty prompt or one that leaves no room; what `progress`
  ///   throws, which ends the work.
  public func generate(
    _ prompts: [[Int32]], samples: Int = 1, settings: GenerationSettings,
    progress: ((_ done: Int, _ of: Int) throws -> Void)? = nil,
    finished: ((_ prompts: Range<Int>, _ completions: [[Completion]]) throws -> Void)? = nil
  ) throws -> [[Completion]] {
    try check(prompts, settings)
    var policies = [try parameters.forDecoding(in: workspace, on: backend)]
    if let mixture {
      let rest = workspace.flatMap { memory -> Tensor? in
        let used = (parameters.decodingBytes + memory.type.size - 1) / memory.type.size
        return used < memory.count && memory.isContiguous
          ? memory.elements(used..<memory.count) : nil
      }
      policies.append(try mixture.parameters.forDecoding(in: rest, on: backend))
    }
    var out: [[Completion]] = []
    let total = prompts.count * samples
    // Whole prompts where they fit, otherwise one prompt's responses in parts.
    let promptsAtOnce = max(1, settings.maxRows / max(samples, 1))
    for first in stride(from: 0, to: prompts.count, by: promptsAtOnce) {
      let group = Array(prompts[first..<min(first + promptsAtOnce, prompts.count)])
      var completions = group.map { _ in [Completion]() }
      for s in stride(from: 0, to: samples, by: settings.maxRows) {
        let part = s..<min(s + settings.maxRows, samples)
        let rows = group.indices.flatMap { p in
          part.map { GenerationRow(prompt: p, number: (first + p) * samples + $0) }
        }
        for (row, completion) in zip(rows, try decode(group, rows, policies, settings)) {
          completions[row.prompt].append(completion)
        }
        try progress?(min(total, first * samples + group.count * part.upperBound), total)
      }
      try finished?(first..<(first + group.count), completions)
      out += completions
    }
    return out
  }

  private func check(_ prompts: [[Int32]], _ settings: GenerationSettings) throws {
    let limit = decoder.shape.maxPositions
    for (i, p) in prompts.enumerated() {
      guard !p.isEmpty else {
        throw BackendError.argument(
          op: "generate", "prompt \(i) has no tokens; start it from the BOS token")
      }
      guard settings.maxNewTokens <= limit - p.count else {
        throw BackendError.argument(
          op: "generate",
          "prompt \(i) has \(p.count) tokens and \(settings.maxNewTokens) new ones are asked for, "
            + "the model's positions end at \(limit); shorten the prompt or max_new_tokens")
      }
    }
  }

  /// Decodes `rows` (each continues one of `prompts`) together. Drawn tokens stay on the device as
  /// the next step's input; every `readEvery` steps they are read back and rows that stopped leave.
  private func decode(
    _ prompts: [[Int32]], _ rows: [GenerationRow], _ policies: [ParameterSet],
    _ settings: GenerationSettings
  ) throws -> [Completion] {
    var completions = rows.map { _ in Completion() }
    guard settings.maxNewTokens > 0, !rows.isEmpty else { return completions }
    let prompts = try PackedPrompts(prompts, rows, decoder)
    let players = try policies.map {
      Player(
        parameters: $0,
        cache: try KVCache(
          promptStarts: prompts.batch.starts, rows: rows.count, own: settings.maxNewTokens,
          shape: decoder.shape, on: backend))
    }
    var logits = try mixed(players.map { try prefill(prompts, $0) })
    var active = try ActiveRows(Array(rows.indices), rows, on: backend)
    var unread: [DrawnTokens] = []
    for index in 0..<settings.maxNewTokens {
      let drawn = try DrawnTokens(active.slots.count, on: backend)
      try backend.sample(
        logits, rows: active.numbers, settings: settings.sampling, seed: settings.seed,
        stream: settings.stream, index: UInt32(index), into: drawn.tokens,
        logProbs: drawn.logProbs)
      unread.append(drawn)
      var next = drawn.tokens
      let isLast = index + 1 == settings.maxNewTokens
      if isLast || unread.count >= readEvery {
        let running = try read(unread, of: active, into: &completions, settings)
        unread = []
        if isLast || running.isEmpty { break }
        if running.count < active.slots.count {
          active = try ActiveRows(running, rows, on: backend)
          next = try backend.indices(running.compactMap { completions[$0].tokens.last })
        }
      }
      logits = try mixed(
        players.map { try step(next, active, prompts, index: index, $0) })
    }
    return completions
  }

  /// The logits to draw from, in the first policy's memory.
  private func mixed(_ logits: [Tensor]) throws -> Tensor {
    if let mixture, logits.count > 1 {
      try backend.interpolate(logits[0], towards: logits[1], by: mixture.weight)
    }
    return logits[0]
  }

  /// Appends what was drawn to the completions; what a row drew after a stop token is dropped.
  /// Returns the rows that go on.
  private func read(
    _ unread: [DrawnTokens], of active: ActiveRows, into completions: inout [Completion],
    _ settings: GenerationSettings
  ) throws -> [Int] {
    for drawn in unread {
      let (tokens, logProbs) = (
        try backend.ints(drawn.tokens), try backend.floats(drawn.logProbs)
      )
      for (i, slot) in active.slots.enumerated() where !completions[slot].stopped {
        completions[slot].tokens.append(tokens[i])
        completions[slot].logProbs.append(logProbs[i])
        completions[slot].stopped = settings.stopTokens.contains(tokens[i])
      }
    }
    return active.slots.filter { !completions[$0].stopped }
  }

  /// Runs every prompt once, which fills its part of the cache, and returns the first logits
  /// (rows, V).
  private func prefill(_ prompts: PackedPrompts, _ player: Player) throws -> Tensor {
    let batch = prompts.batch
    let entries = try backend.indices(Array(0..<batch.tokens))
    let shape = decoder.shape
    let hidden = try decoder.hidden(
      Decoder.Input(batch), TrainableParameters(values: player.parameters),
      tape: Tape(backend, recording: false), checkpointing: false
    ) { tape, qkv, layer in
      try player.cache.append(qkv.value, entries, layer: layer)
      return try tape.attention(
        qkv, sequences: batch.sequences, shape: shape.attention(layer: layer))
    }
    // The hidden state of each prompt's end, once for each of its rows.
    let last = prompts.places.map { batch.starts[$0 + 1] - 1 }
    let ends = try backend.empty([last.count, decoder.shape.width])
    try backend.gatherRows(hidden.value, rows: backend.indices(last), into: ends)
    return try decoder.logits(ends, player.parameters)
  }

  /// Token `index` of each active row; logits (rows, V).
  private func step(
    _ tokens: Tensor, _ active: ActiveRows, _ prompts: PackedPrompts, index: Int, _ player: Player
  ) throws -> Tensor {
    let cache = player.cache
    let positions = active.slots.map { prompts.length(of: $0) + index }
    let entries = try backend.indices(
      active.slots.map { cache.entry(row: $0, position: index) })
    let longest = (positions.max() ?? 0) + 1
    let shape = decoder.shape
    // Windowed layers read fewer entries than the others.
    var runs: [Int: Tensor] = [:]
    for window in Set(shape.blocks.map(\.window)) {
      runs[window] = try backend.indices(
        active.slots.flatMap {
          cache.runs(prompt: prompts.places[$0], row: $0, count: index + 1, window: window)
        }
      ).reshaped([active.slots.count, 4])
    }
    let hidden = try decoder.hidden(
      Decoder.Input(
        ids: tokens, positions: backend.indices(positions), positionCount: longest),
      TrainableParameters(values: player.parameters), tape: Tape(backend, recording: false),
      checkpointing: false
    ) { [backend] tape, qkv, layer in
      try cache.append(qkv.value, entries, layer: layer)
      let out = Variable(try backend.empty([qkv.value.rows, shape.attentionWidth]))
      let window = shape.blocks[layer].window
      if let runs = runs[window] {
        try backend.attentionDecode(
          qkv: qkv.value, keys: cache.keys[layer], values: cache.values[layer], runs: runs,
          longest: window == 0 ? longest : min(longest, window),
          shape: shape.attention(layer: layer), into: out.value)
      }
      return out
    }
    return try decoder.logits(hidden.value, player.parameters)
  }
}

/// A policy while it decodes.
private struct Player {
  let parameters: ParameterSet
  let cache: KVCache
}

/// The prompts that some rows continue, each once, and which of them each row's is.
private struct PackedPrompts {
  let batch: PackedBatch
  /// Row to its prompt's place in the batch.
  let places: [Int]

  init(_ prompts: [[Int32]], _ rows: [GenerationRow], _ decoder: Decoder) throws {
    let used = Set(rows.map(\.prompt)).sorted()
    let place = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
    batch = try PackedBatch(used.map { prompts[$0] }, shape: decoder.shape, on: decoder.backend)
    places = rows.compactMap { place[$0.prompt] }
  }

  func length(of row: Int) -> Int { batch.starts[places[row] + 1] - batch.starts[places[row]] }
}

/// One row of a generation batch: which prompt it continues, and its number for the randomness.
struct GenerationRow {
  var prompt: Int
  var number: Int
}

/// The rows still running, and on the device their numbers for the randomness.
private struct ActiveRows {
  let slots: [Int]
  let numbers: Tensor

  init(_ slots: [Int], _ rows: [GenerationRow], on backend: any ComputeBackend) throws {
    self.slots = slots
    numbers = try backend.indices(slots.map { rows[$0].number })
  }
}

/// One step's draws, on the device.
private struct DrawnTokens {
  let tokens: Tensor
  let logProbs: Tensor

  init(_ count: Int, on backend: any ComputeBackend) throws {
    tokens = try backend.empty([count], .i32)
    logProbs = try backend.empty([count])
  }
}
