import MPOBackend

/// A value on the tape, and where its gradient arrives. The two are apart so that an adjoint that
/// does not need a value does not keep its memory.
public struct Variable {
  public let value: Tensor
  let slot: GradientSlot
  /// What an adjoint that needs the value calls: by default it keeps the value until then.
  private(set) var recall: () throws -> Tensor

  public init(_ value: Tensor) {
    self.value = value
    slot = GradientSlot(shape: value.shape)
    recall = { value }
  }

  /// The same variable, whose value is made again in the backward pass: for what costs far less to
  /// make than the products around it, so that its memory is free in between.
  func remade(_ again: @escaping () throws -> Tensor) -> Variable {
    var other = self
    other.recall = again
    return other
  }
}

/// The gradient of one variable while the backward pass is between its readers and its producer.
final class GradientSlot {
  let shape: [Int]
  fileprivate(set) var gradient: Tensor?
  /// False while `gradient` is memory that another slot also uses.
  fileprivate var ownsGradient = false
  /// Index of the step that made the value, and of the last step that read it.
  fileprivate var producedAt = -1
  fileprivate var lastReadAt = -1

  init(shape: [Int]) { self.shape = shape }
}

/// A reverse-mode tape over the backend's operations: every operation that runs pushes its adjoint,
/// `backward` runs them in reverse. Values die as soon as their adjoint has run, so their memory
/// is reused within the same backward pass.
///
/// `recording: false` runs the same forward code and keeps nothing (generation, magnet).
public final class Tape {
  public let backend: any ComputeBackend
  public let recording: Bool
  /// Values may be written over once their last reader has run.
  let overwrites: Bool
  private var steps: [() throws -> Void] = []

  public convenience init(_ backend: any ComputeBackend, recording: Bool) {
    self.init(backend, recording: recording, overwrites: !recording)
  }

  private init(_ backend: any ComputeBackend, recording: Bool, overwrites: Bool) {
    self.backend = backend
    self.recording = recording
    self.overwrites = overwrites
  }

  /// Runs all adjoints from `d output`, whose shape is that of `output`. The tape is empty after.
  public func backward(from output: Variable, gradient: Tensor) throws {
    output.slot.gradient = gradient
    output.slot.ownsGradient = true
    while let step = steps.popLast() { try step() }
  }

  /// Pushes the adjoint of an operation that read `inputs` and made `output`.
  func record(_ inputs: [Variable], _ output: Variable, _ adjoint: @escaping () throws -> Void) {
    guard recording else { return }
    for v in inputs { v.slot.lastReadAt = steps.count }
    output.slot.producedAt = steps.count
    steps.append(adjoint)
  }

  /// Lets `write` put a contribution into a gradient: the first one writes, later ones accumulate
  /// (second argument).
  func contribute(
    to slot: GradientSlot, _ write: (Tensor, _ accumulate: Bool) throws -> Void
  ) throws {
    guard let present = slot.gradient else {
      let new = try backend.empty(slot.shape)
      try write(new, false)
      return own(new, slot)
    }
    if !slot.ownsGradient { own(try copy(present), slot) }
    if let owned = slot.gradient { try write(owned, true) }
  }

  /// Hands `g`, which nothing else uses, to `slot`.
  func give(_ g: Tensor, to slot: GradientSlot) throws {
    if slot.gradient == nil {
      own(g, slot)
    } else {
      try contribute(to: slot) { target, _ in try backend.add(target, g, into: target) }
    }
  }

  /// The gradient that reached `slot`, released from it; nil when nothing depends on it.
  func take(_ slot: GradientSlot) -> Tensor? {
    defer { slot.gradient = nil }
    return slot.gradient
  }

  /// The same, copied first when another slot borrows that memory, so that it may be overwritten.
  func takeOwned(_ slot: GradientSlot) throws -> Tensor? {
    guard let g = take(slot) else { return nil }
    return slot.ownsGradient ? g : try copy(g)
  }

  /// Whether a sum `a + b` may hand its gradient's memory to both: true when every reader of `a` so
  /// far came before `b` was made (a residual block), for then all that `b` depends on is done
  /// with the memory before `a` accumulates into it.
  func maySplit(_ a: Variable, _ b: Variable) -> Bool {
    a.slot.lastReadAt < b.slot.producedAt && b.slot.lastReadAt < b.slot.producedAt
  }

  /// Adjoint of `out = a + b`: both gradients are `out`'s. With `mayShare` (see `maySplit`) `a`
  /// takes over its memory and `b` borrows it, so that a residual stream costs no copies.
  func split(_ out: GradientSlot, into a: GradientSlot, _ b: GradientSlot, mayShare: Bool) throws {
    guard let g = take(out) else { return }
    if mayShare && out.ownsGradient && a.gradient == nil && b.gradient == nil {
      own(g, a)
      (b.gradient, b.ownsGradient) = (g, false)
      return
    }
    for slot in [a, b] {
      try contribute(to: slot) { target, accumulate in
        if accumulate {
          try backend.add(target, g, into: target)
        } else {
          try backend.copy(g, to: target)
        }
      }
    }
  }

  private func own(_ g: Tensor, _ slot: GradientSlot) {
    slot.gradient = g
    slot.ownsGradient = true
  }

  private func copy(_ g: Tensor) throws -> Tensor {
    let other = try backend.empty(g.shape)
    try backend.copy(g, to: other)
    return other
  }

  /// Gradient checkpointing: runs `body` without recording and keeps only its input; the
  /// backward pass runs it again, recording, and back-propagates through that. Trades one more
  /// forward pass of `body` for the memory of its intermediate values.
  public func checkpoint(
    _ input: Variable, _ body: @escaping (Tape, Variable) throws -> Variable
  ) throws -> Variable {
    guard recording else { return try body(self, input) }
    // The input is needed again.
    let forward = Tape(backend, recording: false, overwrites: false)
    let out = Variable(try body(forward, input).value)
    record([input], out) { [unowned self, slot = out.slot] in
      guard let g = try takeOwned(slot) else { return }
      let inner = Tape(backend, recording: true)
      let again = Variable(input.value)
      let result = try body(inner, again)
      try inner.backward(from: result, gradient: g)
      if let dInput = try inner.takeOwned(again.slot) { try give(dInput, to: input.slot) }
    }
    return out
  }
}
