"""S21: a deep belief network beside the same network without its pretraining."""

from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.study_figures import curves_figure

_MSE = "reconstruction_mse"
_HIDDEN = {2: [500], 3: [1000, 500], 4: [1000, 500, 250]}
_WITHOUT = {"pretrain_epochs": 0, "epochs": 20}
_CASES = {
    f"{layers} layers, {how}": Case("dbn", {"hidden": hidden, **params}, width=30)
    for layers, hidden in _HIDDEN.items()
    for how, params in (
        ("pretrained", {"epochs": 20}),
        ("not pretrained", {**_WITHOUT, "weight_init": "small-normal"}),
    )
} | {"4 layers, Xavier's weights": Case("dbn", {"hidden": _HIDDEN[4], **_WITHOUT}, width=30)}

STUDY = Study(
    id="S21",
    name="pretraining",
    claim="Pretraining by RBMs rescues deep sigmoid networks from vanishing gradients",
    source=(
        "Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science "
        "313"
    ),
    cases=_CASES,
    expectations=tuple(
        Expectation(
            f"fall of the test MSE by pretraining, {layers} layers",
            gain(f"{layers} layers, not pretrained", f"{layers} layers, pretrained", _MSE),
            above=0.0,
            digits=4,
        )
        for layers in (2, 3, 4)
    ),
    about=(
        "A gradient shrinks in every sigmoid layer that it passes, so that the first layers of a deep "
        "network hardly learn. Restricted Boltzmann machines train each layer alone before, without a long "
        "way for the gradient."
    ),
    teaches=(
        "Without pretraining the weights begin as they did then, drawn from N(0, 0.01); Xavier's of 2010, "
        "which keep the size of a signal from layer to layer, stand beside."
    ),
    figures={
        "Error by the number of layers; small points are seeds.": curves_figure(
            curves={
                how: {layers: (f"{layers} layers, {how}", _MSE) for layers in _HIDDEN}
                for how in ("pretrained", "not pretrained")
            }
            | {"Xavier's weights": {4: ("4 layers, Xavier's weights", _MSE)}},
            xlabel="layers of the encoder", ylabel="test MSE",
        ),
    },
)  # fmt: skip
