"""The problems, transforms and data sets of optframe; importing this registers only names."""

from optframe import hookimpl

__all__ = [
    "optframe_api",
    "optframe_classes",
    "optframe_datasets",
    "optframe_problems",
    "optframe_transforms",
]

optframe_api = 1


@hookimpl
def optframe_problems() -> dict[str, str]:
    """Register the problems."""
    return {
        "ackley": "optframe_problems.functions.ackley:Ackley",
        "bard": "optframe_problems.functions.bard:Bard",
        "beale": "optframe_problems.functions.beale:Beale",
        "biggs-exp6": "optframe_problems.functions.biggs_exp6:BiggsExp6",
        "booth": "optframe_problems.functions.booth:Booth",
        "box-3d": "optframe_problems.functions.box_3d:Box3d",
        "branin": "optframe_problems.functions.branin:Branin",
        "brown-almost-linear": "optframe_problems.functions.brown_almost_linear:BrownAlmostLinear",
        "brown-badly-scaled": "optframe_problems.functions.brown_badly_scaled:BrownBadlyScaled",
        "brown-dennis": "optframe_problems.functions.brown_dennis:BrownDennis",
        "broyden-tridiagonal": "optframe_problems.functions.broyden_tridiagonal:BroydenTridiagonal",
        "cifar10-cnn": "optframe_problems.networks.cifar10_cnn:Cifar10Cnn",
        "cigar": "optframe_problems.functions.cigar:Cigar",
        "correlated-records": "optframe_problems.regression.correlated_records:CorrelatedRecords",
        "cube": "optframe_problems.functions.cube:Cube",
        "discrete-boundary": "optframe_problems.functions.discrete_boundary:DiscreteBoundary",
        "discus": "optframe_problems.functions.discus:Discus",
        "dixon-price": "optframe_problems.functions.dixon_price:DixonPrice",
        "ellipsoid": "optframe_problems.functions.ellipsoid:Ellipsoid",
        "engval1": "optframe_problems.functions.engval1:Engval1",
        "freudenstein-roth": "optframe_problems.functions.freudenstein_roth:FreudensteinRoth",
        "gaussian": "optframe_problems.functions.gaussian:Gaussian",
        "griewank": "optframe_problems.functions.griewank:Griewank",
        "helical-valley": "optframe_problems.functions.helical_valley:HelicalValley",
        "hilbert": "optframe_problems.functions.hilbert:Hilbert",
        "himmelblau": "optframe_problems.functions.himmelblau:Himmelblau",
        "jennrich-sampson": "optframe_problems.functions.jennrich_sampson:JennrichSampson",
        "kowalik-osborne": "optframe_problems.functions.kowalik_osborne:KowalikOsborne",
        "lasso-smooth": "optframe_problems.regression.lasso_smooth:LassoSmooth",
        "least-squares": "optframe_problems.regression.least_squares:LeastSquares",
        "logistic": "optframe_problems.regression.logistic:Logistic",
        "matyas": "optframe_problems.functions.matyas:Matyas",
        "mlp": "optframe_problems.networks.mlp:MultilayerPerceptron",
        "mnist-lecture": "optframe_problems.networks.mnist_lecture:MnistLecture",
        "mnist-logistic": "optframe_problems.networks.mnist_logistic:MnistLogistic",
        "mnist-mlp": "optframe_problems.networks.mnist_mlp:MnistMlp",
        "monkey-saddle": "optframe_problems.functions.monkey_saddle:MonkeySaddle",
        "network": "optframe_problems.networks.network:Network",
        "news20-logistic": "optframe_problems.networks.news20_logistic:News20Logistic",
        "noisy-quadratic": "optframe_problems.functions.noisy_quadratic:NoisyQuadratic",
        "penalty-i": "optframe_problems.functions.penalty_i:PenaltyI",
        "poisson": "optframe_problems.functions.poisson:Poisson",
        "powell-badly-scaled": "optframe_problems.functions.powell_badly_scaled:PowellBadlyScaled",
        "powell-singular": "optframe_problems.functions.powell_singular:PowellSingular",
        "quadratic": "optframe_problems.functions.quadratic:Quadratic",
        "quadratic-deep": "optframe_problems.functions.quadratic_deep:QuadraticDeep",
        "rastrigin": "optframe_problems.functions.rastrigin:Rastrigin",
        "reddi": "optframe_problems.functions.reddi:Reddi",
        "ridge": "optframe_problems.regression.ridge:Ridge",
        "rosenbrock": "optframe_problems.functions.rosenbrock:Rosenbrock",
        "rosenbrock-chained": "optframe_problems.functions.rosenbrock_chained:RosenbrockChained",
        "rosenbrock-extended": "optframe_problems.functions.rosenbrock_extended:RosenbrockExtended",
        "saddle": "optframe_problems.functions.saddle:Saddle",
        "six-hump-camel": "optframe_problems.functions.six_hump_camel:SixHumpCamel",
        "softmax": "optframe_problems.regression.softmax:Softmax",
        "sphere": "optframe_problems.functions.sphere:Sphere",
        "streaming-regression": (
            "optframe_problems.regression.streaming_regression:StreamingRegression"
        ),
        "styblinski-tang": "optframe_problems.functions.styblinski_tang:StyblinskiTang",
        "trid": "optframe_problems.functions.trid:Trid",
        "trigonometric": "optframe_problems.functions.trigonometric:Trigonometric",
        "variably-dimensioned": (
            "optframe_problems.functions.variably_dimensioned:VariablyDimensioned"
        ),
        "wood": "optframe_problems.functions.wood:Wood",
        "worst-huber": "optframe_problems.functions.worst_huber:WorstHuber",
        "zakharov": "optframe_problems.functions.zakharov:Zakharov",
    }


@hookimpl
def optframe_transforms() -> dict[str, str]:
    """Register the transforms."""
    return {
        "multiplicative-noise": (
            "optframe_problems.transforms.multiplicative_noise:MultiplicativeNoise"
        ),
        "noise": "optframe_problems.transforms.noise:Noise",
        "rotate": "optframe_problems.transforms.rotate:Rotate",
        "scale": "optframe_problems.transforms.scale:Scale",
        "shift": "optframe_problems.transforms.shift:Shift",
    }


@hookimpl
def optframe_datasets() -> dict[str, str]:
    """Register the data sets."""
    return {
        "a9a": "optframe_problems.data.a9a:A9a",
        "australian": "optframe_problems.data.australian:Australian",
        "breast-cancer": "optframe_problems.data.breast_cancer:BreastCancer",
        "cifar10": "optframe_problems.data.cifar10:Cifar10",
        "diabetes": "optframe_problems.data.diabetes:Diabetes",
        "digits": "optframe_problems.data.digits:Digits",
        "fashion-mnist": "optframe_problems.data.fashion_mnist:FashionMnist",
        "iris": "optframe_problems.data.iris:Iris",
        "libsvm": "optframe_problems.data.libsvm:Libsvm",
        "mnist": "optframe_problems.data.mnist:Mnist",
        "mushrooms": "optframe_problems.data.mushrooms:Mushrooms",
        "news20": "optframe_problems.data.news20:News20",
        "wine": "optframe_problems.data.wine:Wine",
    }


@hookimpl
def optframe_classes() -> dict[str, str]:
    """Register the classes that people use from Python."""
    return {
        "JaxProblem": "optframe_problems.jax_models.jax_problem:JaxProblem",
        "TorchProblem": "optframe_problems.torch_models.torch_problem:TorchProblem",
    }
