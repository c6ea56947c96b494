import MPOBackend

/// First sentences of very short stories, `one day the king met an old dragon in the hall.`, drawn
/// from a grammar of our own: the text that the demo's base model learns. Whom one meets is a class
/// of `DemoGame`; it depends on the opening and on the person, so each prompt has a start of its
/// own.
///
/// story -> opening " the " person " met the " [adjective] (creature | thing) [ending] "."
public struct StoryGrammar: Sendable {
  /// A text and how often each class follows it (relative weights).
  struct Choice: Sendable {
    var text: String
    var weights: [Double]
  }

  static let openings = [
    Choice(text: "one day", weights: [3, 5, 3, 2]),
    Choice(text: "at night", weights: [2, 6, 3, 3]),
    Choice(text: "in spring", weights: [3, 4, 3, 2]),
    Choice(text: "long ago", weights: [2, 6, 4, 2]),
  ]
  static let persons = [
    Choice(text: "king", weights: [1, 1, 1, 1]), Choice(text: "queen", weights: [1.3, 1, 1, 0.8]),
    Choice(text: "farmer", weights: [0.7, 1, 1.3, 1]),
    Choice(text: "child", weights: [1, 1.2, 1, 1.3]),
  ]
  /// What one meets that is none of the creatures.
  static let things = ["stone", "cloud"]
  static let adjectives = ["old", "tall", "quiet", "brave"]
  static let endings = [" in the hall", " near the lake", " with a red hat", " and ran home"]
  /// Share of sentences with an adjective, and with an ending.
  static let adjectiveShare: Float = 0.3
  static let endingShare: Float = 0.5

  public let seed: UInt64
  public init(seed: UInt64) { self.seed = seed }

  /// What stands before the creature, two persons for each opening: every opening and every person
  /// occurs twice. No space at the end; a response begins with one.
  public static var prompts: [String] {
    openings.enumerated().flatMap { i, opening in
      [persons[i % persons.count], persons[(i + 1) % persons.count]].map {
        prompt(opening, $0)
      }
    }
  }

  static func prompt(_ opening: Choice, _ person: Choice) -> String {
    "\(opening.text) the \(person.text) met the"
  }

  /// How often each class follows, adding up to 1.
  static func shares(_ opening: Choice, _ person: Choice) -> [Double] {
    let weights = zip(opening.weights, person.weights).map { $0 * $1 }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// Story number `index`; the same for the same seed (Philox domain `dataset`, stream = index).
  public func story(_ index: Int) -> String {
    var random = PhiloxGenerator(
      seed: seed, domain: .dataset, stream: UInt32(truncatingIfNeeded: index))
    let opening = Self.openings[random.index(below: Self.openings.count)]
    let person = Self.persons[random.index(below: Self.persons.count)]
    var text = Self.prompt(opening, person)
    if random.uniform() < Self.adjectiveShare {
      text += " " + Self.adjectives[random.index(below: Self.adjectives.count)]
    }
    let shares = Self.shares(opening, person)
    let met = Self.draw(shares, Double(random.uniform()))
    let names = met < DemoGame.creatures.count ? [DemoGame.creatures[met]] : Self.things
    text += " " + names[random.index(below: names.count)]
    if random.uniform() < Self.endingShare {
      text += Self.endings[random.index(below: Self.endings.count)]
    }
    return text + "."
  }

  /// The first class whose cumulative share is above `uniform`.
  static func draw(_ shares: [Double], _ uniform: Double) -> Int {
    var rest = uniform
    for (index, share) in shares.enumerated() {
      rest -= share
      if rest < 0 { return index }
    }
    return shares.lastIndex { $0 > 0 } ?? 0
  }
}
