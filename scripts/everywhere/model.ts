/** Makes the small model that stands in every place, and says where it is. */
import { tinyClassifier } from '../../test/inference/models.ts'

console.log(await tinyClassifier({ labels: ['bad', 'good'] }))
