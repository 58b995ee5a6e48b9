"""The temperature that scikit-learn's CalibratedClassifierCV(method="temperature") fits.

    python scripts/parity/temperature.py < {"logits": [[...]], "labels": [...]}
"""

import json
import sys

import numpy as np
from sklearn.calibration import _TemperatureScaling

given = json.load(sys.stdin)
logits = np.asarray(given["logits"], dtype=np.float64)
fitted = _TemperatureScaling().fit(logits, np.asarray(given["labels"]))
print(1 / fitted.beta_)
