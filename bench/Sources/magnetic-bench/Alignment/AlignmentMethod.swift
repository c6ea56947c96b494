import ArgumentParser

/// What `alignment` compares. Every judge that is a model has the policy's shape.
enum AlignmentMethod: String, CaseIterable, ExpressibleByArgument {
  /// MPO, preferences from a general preference model.
  case mpo
  /// MPO, preferences from a function: nothing beside policy and magnet.
  case mpoHost = "mpo-host"
  /// Nash-MD with the same preference model; as many responses of the mixture as of the policy.
  case nashMD = "nash-md"
  /// RLOO with a Bradley-Terry reward model.
  case rloo

  var title: String {
    switch self {
    case .mpo: return "MPO, preference model"
    case .mpoHost: return "MPO, judge without a model"
    case .nashMD: return "Nash-MD, preference model"
    case .rloo: return "RLOO, reward model"
    }
  }

  /// The name that `magnetic train` has for it.
  var algorithm: String {
    switch self {
    case .mpo, .mpoHost: return "mpo"
    case .nashMD: return "nash-md"
    case .rloo: return "rloo"
    }
  }

  /// Numbers that the judge's model makes of one text; 0 without a model.
  var judgeOutputs: Int {
    switch self {
    case .mpo, .nashMD: return 2
    case .mpoHost: return 0
    case .rloo: return 1
    }
  }
}
