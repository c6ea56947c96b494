import MPOBackend

/// A value on the tape, with its gradient once `Tape.backward` has reached it.
public final class Variable {
  public let value: Tensor
  public fileprivate(set) var gradient: Tensor?
  /// False while `gradient` is memory that another variable's gradient also uses.
  fileprivate var ownsGradient = false
  /// Index of the step that made this value, and of the last step that read it.
  fileprivate var producedAt = -1
  fileprivate var lastReadAt = -1

  public init(_ value: Tensor) { self.value = value }
}

/// A weight and where its gradient accumulates; a nil gradient is a frozen weight.
public struct Parameter {
  public var value: Tensor
  public var gradient: Tensor?
  public init(value: Tensor, gradient: Tensor?) {
    self.value = value
    self.gradient = gradient
  }
}

/// A reverse-mode tape over the backend's operations: every operation that runs pushes its adjoint,
/// `backward` runs them in reverse. Values die as soon as their adjoint has run, so their memory
/// is reused within the same backward pass.
///
/// `recording: false` runs the same forward code and keeps nothing (generation, magnet).
public final class Tape {
  public let backend: any ComputeBackend
  public let recording: Bool
  private var steps: [() throws -> Void] = []

  public init(_ backend: any ComputeBackend, recording: Bool) {
    self.backend = backend
    self.recording = recording
  }

  /// Runs all adjoints from `d output`, whose shape is that of `output`. The tape is empty after.
  public func backward(from output: Variable, gradient: Tensor) throws {
    output.gradient = gradient
    output.ownsGradient = true
    while let step = steps.popLast() { try step() }
  }

  /// Pushes an adjoint for an operation that read `inputs` and made `output`.
  func record(_ inputs: [Variable], _ output: Variable, _ adjoint: @escaping () throws -> Void) {
    guard recording else { return }
    for v in inputs { v.lastReadAt = steps.count }
    output.producedAt = steps.count
    steps.append(adjoint)
  }

  /// Lets `write` put a contribution into `variable`'s gradient: the first one writes, later ones
  /// accumulate (second argument).
  func contribute(
    to variable: Variable, _ write: (Tensor, _ accumulate: Bool) throws -> Void
  ) throws {
    if let present = variable.gradient {
      if variable.ownsGradient {
        try write(present, true)
      } else {
        let own = try backend.empty(present.shape)
        try backend.copy(present, to: own)
        try write(own, true)
        variable.gradient = own
        variable.ownsGradient = true
      }
    } else {
      let new = try backend.empty(variable.value.shape)
      try write(new, false)
      variable.gradient = new
      variable.ownsGradient = true
    }
  }

  /// Whether a sum `a + b` may hand its gradient's memory to both: true when every reader of `a` so
  /// far came before `b` was made (a residual block), for then all that `b` depends on is done
  /// with the memory before `a` accumulates into it.
  func maySplit(_ a: Variable, _ b: Variable) -> Bool {
    a.lastReadAt < b.producedAt && b.lastReadAt < b.producedAt
  }

  /// Adjoint of `out = a + b`: both gradients are `out`'s. With `mayShare` (see `maySplit`) `a`
  /// takes over its memory and `b` borrows it, so that a residual stream costs no copies.
  func splitGradient(of out: Variable, into a: Variable, _ b: Variable, mayShare: Bool) throws {
    guard let g = out.gradient else { return }
    let share = mayShare && out.ownsGradient && a.gradient == nil && b.gradient == nil
    out.gradient = nil
    if share {
      (a.gradient, a.ownsGradient) = (g, true)
      (b.gradient, b.ownsGradient) = (g, false)
      return
    }
    for v in [a, b] {
      try contribute(to: v) { target, accumulate in
        if accumulate {
          try backend.add(target, g, into: target)
        } else {
          try backend.copy(g, to: target)
        }
      }
    }
  }

  /// The gradient that reached `variable`, released from it; nil when nothing depends on it.
  func takeGradient(_ variable: Variable) -> Tensor? {
    defer { variable.gradient = nil }
    return variable.gradient
  }

  /// The same, copied first when another variable borrows that memory.
  func takeOwnedGradient(_ variable: Variable) throws -> Tensor? {
    guard let g = takeGradient(variable) else { return nil }
    if variable.ownsGradient { return g }
    let own = try backend.empty(g.shape)
    try backend.copy(g, to: own)
    return own
  }

  /// Hands `g`, which nothing else uses, to `variable`.
  func give(_ g: Tensor, to variable: Variable) throws {
    if variable.gradient == nil {
      variable.gradient = g
      variable.ownsGradient = true
    } else {
      try contribute(to: variable) { target, _ in try backend.add(target, g, into: target) }
    }
  }

  /// Gradient checkpointing: runs `body` without recording and keeps only its input; the
  /// backward pass runs it again, recording, and back-propagates through that. Trades one more
  /// forward pass of `body` for the memory of its intermediate values.
  public func checkpoint(
    _ input: Variable, _ body: @escaping (Tape, Variable) throws -> Variable
  ) throws -> Variable {
    guard recording else { return try body(self, input) }
    let out = Variable(try body(Tape(backend, recording: false), input).value)
    record([input], out) { [unowned self] in
      guard let g = takeGradient(out) else { return }
      let inner = Tape(backend, recording: true)
      let again = Variable(input.value)
      let result = try body(inner, again)
      try inner.backward(from: result, gradient: g)
      guard let dInput = try inner.takeOwnedGradient(again) else { return }
      try give(dInput, to: input)
    }
    return out
  }
}
