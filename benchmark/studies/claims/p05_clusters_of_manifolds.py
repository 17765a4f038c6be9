"""P5: clusters on manifolds of codes, and encoders that learn their own clusters."""

from benchmark.studies.declaration import Case, Expectation, Study, score

STUDY = Study(
    id="P5",
    name="clusters-of-manifolds",
    claim=(
        "All 70,000 images, fitted and scored: selective pseudo-label clustering has accuracy 0.992 and NMI "
        "0.975, N2D 0.979 and 0.942"
    ),
    source=(
        "Mahon and Lukasiewicz (2021), Selective pseudo-label clustering, and McConville et al. (2020), N2D; "
        "DynAE, which the former compares with, is not built"
    ),
    cases={
        "N2D": Case("n2d", protocol="transductive"),
        "SPC": Case("spc", {"members": 3, "rounds": 10}, protocol="transductive"),
    },
    expectations=(
        Expectation("accuracy, SPC", score("SPC", "own_accuracy"), about=0.992),
        Expectation("NMI, SPC", score("SPC", "own_nmi"), about=0.975),
        Expectation("accuracy, N2D", score("N2D", "own_accuracy"), about=0.979),
        Expectation("NMI, N2D", score("N2D", "own_nmi"), about=0.942),
    ),
    about=(
        "Both look for clusters where UMAP lays out the codes of an autoencoder. N2D stops there; the other "
        "has several autoencoders learn what all of them agree on, again and again. Three of them here "
        "instead of fifteen, smaller and for ten rounds at most; N2D's is trained for 40 epochs, not 1,000."
    ),
    seeds=1,
    reason=(
        "N2D's autoencoder is trained for 40 epochs in place of 1,000, and the ensemble is a fifth of the "
        "paper's"
    ),
    teaches=(
        "A start of N2D's mixture may end with two digits in one cluster, at a lower likelihood than "
        "others: what is reported must be the best of several starts, chosen without labels."
    ),
)
