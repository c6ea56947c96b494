/// What a source says of one rollout's responses.
struct Judgement: Sendable, Equatable {
  /// (N, K, K)
  let preferences: PreferenceTable
  /// (N, K), of a source that has them: asked once, the preferences follow from them.
  let rewards: [[Double]]?

  init(preferences: PreferenceTable, rewards: [[Double]]? = nil) {
    self.preferences = preferences
    self.rewards = rewards
  }

  init(_ source: any PreferenceSource, prompts: [String], responses: [[String]]) throws {
    guard let source = source as? any RewardSource else {
      self.init(preferences: try source.preferences(prompts: prompts, responses: responses))
      return
    }
    let rewards = try source.rewards(prompts: prompts, responses: responses)
    self.init(
      preferences: try PreferenceTable(
        rewards: rewards, temperature: source.temperature, source: source.name),
      rewards: rewards)
  }
}
