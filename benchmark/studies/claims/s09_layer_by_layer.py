"""S9: layers trained one by one, all at once, or not at all, below a classifier."""

from typing import Any

from benchmark.measure.trial import Measured, Trial
from benchmark.studies.declaration import Case, Expectation, Study, gain
from benchmark.studies.heads import n_classes, on_top_of, trained
from benchmark.studies.networks import reducer_of
from benchmark.studies.study_figures import curves_figure, score_figure

_LABELS = (100, 1_000, 0)  # 0: all there are


def fine_tune(trial: Trial) -> Measured:
    """Train an encoder as the case says, put a classifier on top, and fine-tune with few labels or all."""
    encoder, rng = _encoder(trial), trial.rng
    scores: dict[str, float] = {}
    for n_labels in _LABELS:
        rows = rng.permutation(len(trial.X_train))[: n_labels or len(trial.X_train)]
        network = on_top_of(encoder, n_classes(trial), trial.seed)
        if not scores:
            scores |= _gradients(network, trial)
        head = trained(trial, network, trial.X_train[rows], trial.y_train[rows])
        scores[f"accuracy_{n_labels or 'all'}"] = head.score(trial.X_test, trial.y_test)
    return Measured(scores)


def _encoder(trial: Trial) -> Any:
    """Return the layers 784-1000-1000-500."""
    from reducers.training.dense_network import initialise

    how, activation = trial.params["how"], trial.params["activation"]
    epochs = {"layer by layer": trial.params["epochs"]}.get(how, 0)
    made = reducer_of(
        trial, "stacked", hidden=(1000, 1000, 500), activation=activation, pretrain_epochs=epochs,
        precision="fp32",
    )  # fmt: skip
    # One by one, each layer is frozen before the next: what follows as a whole is kept as short as can be.
    made.set_params(**({} if how == "at once" else {"epochs": 1}))
    layers = made.fit(trial.X_train).network_.encoder[:3]
    if how == "not at all":
        import torch

        for layer in layers:
            initialise(layer.weight.data, "small-normal", torch.Generator().manual_seed(trial.seed))
            layer.bias.data.zero_()
    return layers


def _gradients(network: Any, trial: Trial) -> dict[str, float]:
    """Return the norm of each layer's gradient before any step, and the first's over the third's."""
    import torch

    X, y = torch.from_numpy(trial.X_train[:1000]), torch.from_numpy(trial.y_train[:1000])
    torch.nn.functional.cross_entropy(network.to("cpu")(X), y).backward()
    norms = [float(layer.weight.grad.norm()) for layer in network]
    network.zero_grad()
    by_layer = {f"gradient_{layer}": norm for layer, norm in enumerate(norms, start=1)}
    return {"gradient": norms[0] / max(norms[2], 1e-30), **by_layer}


_LENGTHS = {"epochs": 5, "steps": 3000}
_CASES = {
    f"{activation}, {how}": Case(
        "classifier on an encoder", {"how": how, "activation": activation, **_LENGTHS}, task=fine_tune
    )
    for activation in ("sigmoid", "relu")
    for how in ("layer by layer", "at once", "not at all")
}

STUDY = Study(
    id="S9",
    name="layer-by-layer",
    claim=(
        "Training 784-1000, 1000-1000 and 1000-500 one after the other avoids vanishing gradients in deep "
        "encoders"
    ),
    source=(
        "Bengio et al. (2007), Greedy layer-wise training of deep networks, NIPS; readers' stacked "
        "autoencoders"
    ),
    cases=_CASES,
    expectations=(
        Expectation(
            "sigmoid: gain in the first layer's share of the gradient",
            gain("sigmoid, layer by layer", "sigmoid, not at all", "gradient"),
            above=0.0,
        ),
        *(
            Expectation(
                f"{name}: gain in accuracy, {n_labels} labels",
                gain(f"{kind}, layer by layer", f"{kind}, not at all", f"accuracy_{n_labels}"),
                above=0.0,
            )
            for kind, name in (("sigmoid", "sigmoid"), ("relu", "ReLU"))
            for n_labels in ("100", "all")
        ),
    ),
    about=(
        "A deep encoder can be trained from below, each layer on the codes of the one before, which is "
        "frozen. A classifier is then put on top, and the whole is trained with labels: with a hundred of "
        "them, or with all."
    ),
    reason=(
        "with rectified units nothing vanishes, so that there is nothing to rescue once all labels are "
        "there"
    ),
    teaches=(
        "Small first weights cost a sigmoid layer nine tenths of the gradient that passes it, and layers "
        "trained one by one give it back; training them at once helps, too, though less. What pretraining "
        "gives everywhere is accuracy where labels are few."
    ),
    figures={
        "Accuracy where a hundred digits have labels, by how the layers below were trained.": score_figure(
            "accuracy_100", "accuracy with 100 labels"
        ),
        "The gradient that reaches each layer before fine-tuning.": curves_figure(
            curves={case: {layer: (case, f"gradient_{layer}") for layer in range(1, 5)} for case in _CASES},
            xlabel="layer, the classifier last", ylabel="norm of the gradient before fine-tuning", log="y",
        ),
    },
)  # fmt: skip
