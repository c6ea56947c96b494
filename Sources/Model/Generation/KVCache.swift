import MPOBackend

/// Keys (rotated) and values of every layer, (entries, G, D) each: first the prompts one behind the
/// other, each once however many rows continue it, then `own` entries for each row.
final class KVCache {
  let keys: [Tensor]
  let values: [Tensor]
  /// First entry of each prompt, and behind the last.
  private let promptStarts: [Int]
  /// Entries of a row.
  private let own: Int
  private let shape: DecoderShape
  private let backend: any ComputeBackend

  init(
    promptStarts: [Int], rows: Int, own: Int, shape: DecoderShape, on backend: any ComputeBackend
  ) throws {
    self.promptStarts = promptStarts
    self.own = own
    let dims = [(promptStarts.last ?? 0) + rows * own, shape.keyValueHeads, shape.headWidth]
    keys = try (0..<shape.layers).map { _ in try backend.empty(dims) }
    values = try (0..<shape.layers).map { _ in try backend.empty(dims) }
    self.shape = shape
    self.backend = backend
  }

  /// Entry `position` of a row's own.
  func entry(row: Int, position: Int) -> Int {
    (promptStarts.last ?? 0) + row * own + position
  }

  /// What `attentionDecode` reads for a row with `count` entries of its own behind those of `prompt`:
  /// the last `window` of them, all when it is 0.
  func runs(prompt: Int, row: Int, count: Int, window: Int) -> [Int] {
    let start = promptStarts[prompt]
    let length = promptStarts[prompt + 1] - start
    let skipped = window == 0 ? 0 : max(0, length + count - window)
    let (before, own) = (min(skipped, length), max(0, skipped - length))
    return [
      start + before, length - before, entry(row: row, position: own), count - own,
    ]
  }

  /// Row m of `qkv` becomes entry entries[m].
  func append(_ qkv: Tensor, _ entries: Tensor, layer: Int) throws {
    try backend.appendKV(
      qkv: qkv, entries: entries, shape: shape.attention(layer: layer), keys: keys[layer],
      values: values[layer])
  }
}
