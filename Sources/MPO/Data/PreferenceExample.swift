/// One comparison of two responses to the same prompt: what preference models and offline losses learn
/// from.
public struct PreferenceExample: Sendable, Equatable {
  public var prompt: Prompt
  /// The two completions, without the prompt: texts, or what the assistant says in a conversation.
  public var chosen: Prompt
  public var rejected: Prompt
  /// P(chosen > rejected): 1 for a plain pair, 1/2 for a tie, anything between for a soft label.
  public var preference: Double

  public init(prompt: Prompt, chosen: Prompt, rejected: Prompt, preference: Double = 1) {
    self.prompt = prompt
    self.chosen = chosen
    self.rejected = rejected
    self.preference = preference
  }
}

/// The same as ids. A response ends with the model's end token where the tokenizer has one.
public struct TokenizedPair: Sendable, Equatable {
  public var prompt: [Int32]
  public var chosen: [Int32]
  public var rejected: [Int32]
  /// P(chosen > rejected).
  public var preference: Double

  public init(
    prompt: [Int32], chosen: [Int32], rejected: [Int32], preference: Double = 1
  ) {
    self.prompt = prompt
    self.chosen = chosen
    self.rejected = rejected
    self.preference = preference
  }
}
