import MPOBackend

/// Which packed rows go to which cache entries.
struct CacheTargets {
  var source: Tensor
  var slots: Tensor
  var positions: Tensor
}

/// Keys (rotated) and values of every layer, (slots, capacity, G, D) each.
final class KVCache {
  let keys: [Tensor]
  let values: [Tensor]
  private let shape: DecoderShape
  private let backend: any ComputeBackend

  init(slots: Int, capacity: Int, shape: DecoderShape, on backend: any ComputeBackend) throws {
    let dims = [slots, capacity, shape.keyValueHeads, shape.headWidth]
    keys = try (0..<shape.layers).map { _ in try backend.empty(dims) }
    values = try (0..<shape.layers).map { _ in try backend.empty(dims) }
    self.shape = shape
    self.backend = backend
  }

  func append(_ qkv: Tensor, _ targets: CacheTargets, layer: Int) throws {
    try backend.appendKV(
      qkv: qkv, source: targets.source, slots: targets.slots, positions: targets.positions,
      shape: shape.attention, keys: keys[layer], values: values[layer])
  }
}
