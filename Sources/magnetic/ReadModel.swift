import MPOBackend
import MPOModel

/// A model that is only read, its weights as they are stored; says on standard error what its user
/// should know.
func readModel(
  _ name: String, _ precision: ProductPrecision = .f32, on backend: any ComputeBackend
) throws -> LanguageModel {
  let model = try LanguageModel.load(name, precision: precision, use: .reading, on: backend)
  for line in model.notes { note(line) }
  return model
}
