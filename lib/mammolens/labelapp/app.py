"""The MONAI Label app: puts datastore, model and tasks together."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from monailabel.config import settings
from monailabel.interfaces.app import MONAILabelApp
from monailabel.interfaces.datastore import Datastore, DefaultLabelTag
from monailabel.interfaces.tasks.batch_infer import BatchInferTask
from monailabel.interfaces.tasks.infer_v2 import InferTask
from monailabel.interfaces.tasks.scoring import ScoringMethod
from monailabel.interfaces.tasks.strategy import Strategy
from monailabel.interfaces.tasks.train import TrainTask

from mammolens import __version__
from mammolens.access_audit.log import AuditLog
from mammolens.accounts import AccountsFile
from mammolens.enums import Verdict
from mammolens.errors import ConfigError, MammoLensError, ModelError, RequestError
from mammolens.files import removed_if_it_fails
from mammolens.inference.predictor import Predictor
from mammolens.inference.presentation import present
from mammolens.labelapp.access_recorder import AccessRecorder
from mammolens.labelapp.datastore.opening import MammogramDicomWeb, MammogramFolder, open_datastore
from mammolens.labelapp.delivery.courier import Channel, Courier
from mammolens.labelapp.delivery.dicom_results import DicomResults
from mammolens.labelapp.delivery.queue import DeliveryKind, DeliveryQueue
from mammolens.labelapp.delivery.webhook import Webhook
from mammolens.labelapp.dimse.listener import DimseListener
from mammolens.labelapp.dimse.sender import StorageSender
from mammolens.labelapp.exams.background_inference import BackgroundInference
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.drift_monitor import DriftMonitor
from mammolens.labelapp.exams.eligibility import count_normals
from mammolens.labelapp.exams.erasure import Erasures
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.exam_deliveries import ExamDeliveries
from mammolens.labelapp.exams.image_scores import SiblingScores
from mammolens.labelapp.exams.received_images import ReceivedImages
from mammolens.labelapp.exams.result_retention import ResultRetention
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.identifiers import check_tag
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.process import launcher
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.jobs.schedule import Schedule
from mammolens.labelapp.keys import SCORING, STRATEGY, TASK, LearningKind, RequestKey
from mammolens.labelapp.learning.candidate import CandidateFolder
from mammolens.labelapp.learning.learner import Learner, log_progress
from mammolens.labelapp.learning.model_versions import ModelVersions
from mammolens.labelapp.learning.readiness import Readiness
from mammolens.labelapp.learning.training_data import TrainingData
from mammolens.labelapp.log_format import log_as_json
from mammolens.labelapp.log_redaction import Redaction, pseudonym, pseudonym_key, redact_logs
from mammolens.labelapp.monailabel_settings import apply_mammography
from mammolens.labelapp.openid_provider import OpenIdProvider
from mammolens.labelapp.parameters import InferRequest, parse
from mammolens.labelapp.private_files import PrivateFiles
from mammolens.labelapp.responses.exams import DriftSummary
from mammolens.labelapp.routes.authentication import RealmTokens, TokenRules
from mammolens.labelapp.routes.error_responses import without_folders
from mammolens.labelapp.routes.guesses import LoginGuesses
from mammolens.labelapp.routes.local_accounts import LocalAccounts
from mammolens.labelapp.routes.metrics import InferTimes, Removals
from mammolens.labelapp.routes.openid_logins import OpenIdLogins
from mammolens.labelapp.routes.request_metrics import RequestTimes
from mammolens.labelapp.routes.work_queue import WorkQueue
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import InferNew, LinkPolicy, LogFormat, ServerSettings, StorePolicy, cores
from mammolens.labelapp.tasks.batch import MammogramBatch
from mammolens.labelapp.tasks.infer import MammogramInfer
from mammolens.labelapp.tasks.scoring import AnomalyScoring
from mammolens.labelapp.tasks.strategy import MostAnomalous
from mammolens.labelapp.tasks.train import NormalTrain
from mammolens.models.lineage import lineages, serving_added_at
from mammolens.models.store import ModelStore
from mammolens.reader_study.readings import ReaderStudies
from mammolens.review.ledger import Ledger
from mammolens.training.progress import Observer, ignore_progress

_log = logging.getLogger(__name__)
T = TypeVar("T")
_FINAL = DefaultLabelTag.FINAL.value
_TASKS = 4  # of `run_sync`: scoring, batches and trainings, which their own locks keep apart
_LOGINS = 4  # that the realm is asked about at a time
_LEDGER = "decisions.sqlite"  # beside what else is kept of the images
_AUDIT_LOG = "audit.sqlite"
_READER_STUDIES = "reader_studies"
_DESCRIPTION = "Shows where a mammogram deviates from normal. Research use only, not a medical device."


def _models_since(store: ModelStore, first: datetime) -> list[str]:
    """Versions that were added since, as far as is known, to the second as their history has it."""
    begun = first.replace(microsecond=0)
    return [one.version for one in lineages(store) if one.added_at is None or one.added_at >= begun]


class MammoLensApp(MONAILabelApp):
    """Serves mammograms of a folder or a PACS.

    Args:
        app_dir: the app's folder; models are kept in its 'model' unless ``conf`` has 'model_dir'.
        studies: a folder, or the http(s) address of a DICOMweb server.
        conf: ``--conf`` pairs of the command line: see :class:`~mammolens.labelapp.settings.ServerSettings`.

    Attributes:
        ledger: of readers' decisions.
        reader_studies: blind studies of several readers.
        exam_service: answers the requests of viewers.
        background_inference: infers new exams; it runs in the server alone.
        suspect_normals: exams confirmed as normal with an extreme score.
        models: the versions of the model, and which serves.
        drift_monitor: whether recent exams still resemble those of the calibration.
        learning: the queue of learning jobs; it runs them in the server alone.
        infer_queue: where inference waits for its turn.
        accounts: of this server; ``None``: a realm has them, or there is no login.
        openid: the logins of browsers at a provider; ``None``: there are none.
        login_queue: where logins wait for the realm.
        login_guesses: wrong passwords of late.
        task_queue: where requests wait that are answered when their task has ended.
        infer_times: of infer requests, for ``GET /metrics``.
        request_times: of all requests, for ``GET /metrics``.
        removals: what was erased, for ``GET /metrics``.
        access_recorder: of the audit log; absent outside the server.
        erasures: of patients; absent outside the server.
        dimse_listener: takes images by C-STORE; ``None``: it is off. Absent outside the server.
        courier: delivers results to others; it runs in the server alone.
        private_files: umask and temporary folder of the server; absent elsewhere.

    Raises:
        ConfigError: a value of ``conf`` that is not known.
        StorageError: the models' folder cannot be written to.
        LedgerError: the ledger cannot be opened.
    """

    def __init__(self, app_dir: str, studies: str, conf: Mapping[str, str] | None) -> None:
        conf = dict(conf or {})
        server = sys.modules.get("monailabel.app")  # absent in the processes that train or score
        if server is not None:
            self.private_files = PrivateFiles()  # before anything is written
        apply_mammography(settings)
        self._settings = ServerSettings.of(conf)
        self._models = self._settings.model_dir or Path(app_dir) / "model"
        self.learning = LearningQueue(JobFiles(self._models / "jobs"), launcher(self._settings.learning_threads))
        key = None if self._settings.log_identifiers else pseudonym_key(self._models)
        folders = [] if "://" in studies else [studies, str(Path(studies).resolve())]
        redact_logs(Redaction(key, folders, self._is_image))
        logging.getLogger("highdicom").setLevel(logging.WARNING)  # a hundred lines an exam, of modules that it copies
        if self._settings.log_format is LogFormat.JSON:
            log_as_json()
        store = ModelStore(self._models)
        self._serving = ServingModel(
            store, partial(Predictor.load, runtime=self._settings.runtime, device=self._settings.placed())
        )
        self.infer_times = InferTimes()
        self.request_times = RequestTimes()
        self.removals = Removals()
        concurrency = settings.MONAI_LABEL_INFER_CONCURRENCY
        self.infer_queue = WorkQueue(
            "infer", workers=concurrency if concurrency > 0 else cores(), most_waiting=self._settings.infer_queue
        )
        self.accounts = LocalAccounts(AccountsFile(users), settings) if (users := self._settings.users) else None
        if self.accounts and not settings.MONAI_LABEL_AUTH_ENABLE:
            raise ConfigError("--conf users", "authentication is off", "set MONAI_LABEL_AUTH_ENABLE=true")
        provider = OpenIdProvider.of(settings)
        self.openid = (
            OpenIdLogins(provider, TokenRules.of(settings), self.accounts or RealmTokens.of(settings))
            if provider
            else None
        )
        self.login_guesses = LoginGuesses()
        self.login_queue = WorkQueue("login", workers=_LOGINS, most_waiting=5 * _LOGINS)
        self.task_queue = WorkQueue("run_sync", workers=_TASKS, most_waiting=self._settings.infer_queue)
        super().__init__(app_dir, studies, conf, name="MammoLens", description=_DESCRIPTION, version=__version__)
        policy = self._settings.result_policy
        if policy.store is StorePolicy.ALWAYS and not self._datastore.can_store():
            _log.warning("results are not sent anywhere: there is no PACS behind %s", studies)
        self.ledger = Ledger.open(self._settings.ledger or self._datastore.place / _LEDGER)
        if server is not None:
            audit_log = AuditLog(self._settings.audit_log or self._datastore.place / _AUDIT_LOG)
            self.access_recorder = AccessRecorder(audit_log, self._settings.audit_days)
            self.dimse_listener = self._listener()
        self._deliveries = DeliveryQueue(self._datastore.place / "deliveries")
        self.courier = Courier(self._deliveries, self._channels() if server else {}, self._settings.delivery_hours)
        self.reader_studies = ReaderStudies(self._datastore.place / _READER_STUDIES)
        decisions = Decisions(self.ledger, self._settings.review_policy, self._datastore.with_room)
        self.suspect_normals = SuspectNormals(
            self._exams, decisions, self._datastore, self._serving, self._settings.guard_share
        )
        self.exam_service = ExamService(
            self._serving,
            self._exams,
            self._datastore,
            decisions,
            policy,
            self._in_the_pool,
            self.suspect_normals.reason_of,
            ExamDeliveries(
                self._datastore,
                self._deliveries,
                self._settings,
                lambda name: pseudonym(pseudonym_key(self._models), name),
            ),
        )
        self.background_inference = BackgroundInference(
            self.exam_service,
            self._datastore,
            self._datastore.place / "background_inference",
            on_arrival=self._settings.infer_new is InferNew.ON_ARRIVAL,
            receives=self._settings.dimse_listener is not None,
            results_days=self._settings.results_days,
        )
        self._training_data = TrainingData(self._exams, decisions, self._datastore, self.suspect_normals)
        self.models = ModelVersions(store)
        self.readiness = Readiness(self._exams, decisions, self._serving, self._settings)
        self.drift_monitor = DriftMonitor(
            self.exam_service.worklist,
            self._datastore,
            self._serving,
            lambda: serving_added_at(store),
            lambda: self.readiness.missing().get(LearningKind.RECALIBRATE),
            window=self._settings.drift_window,
        )
        if server is not None:
            self.erasures = Erasures(
                self._exams,
                self._datastore,
                self.ledger,
                self.access_recorder.log,
                self.exam_service.without_inference,
                self._forget_exams,
                self.learning.forget_work,
                partial(_models_since, store),
                self._studies_with,
            )
            from mammolens.labelapp.routes.http import harden  # its hundred routes are of no use to a learning job

            harden(server.app, settings, self.openid or self.accounts, self._settings.reviewer)

    def init_datastore(self) -> Datastore:
        """The folder or the PACS that the server was started against."""
        datastore = open_datastore(self.studies, settings, follow_links=self._settings.links is LinkPolicy.ANY)
        self._exams = Exams(datastore)
        return datastore

    def init_infers(self) -> dict[str, InferTask]:
        """The one infer task."""
        siblings = SiblingScores(self._exams, self._datastore)
        return {TASK: MammogramInfer(self._serving, self._datastore, siblings)}

    def init_trainers(self) -> dict[str, TrainTask]:
        """The one train task."""
        return {TASK: NormalTrain(self._serving, lambda request: self.learn(LearningKind.TRAIN, request, log_progress))}

    def init_strategies(self) -> dict[str, Strategy]:
        """Which image comes next."""
        return {STRATEGY: MostAnomalous(self._verdicts)}

    def init_scoring_methods(self) -> dict[str, ScoringMethod]:
        """The scores that the strategy needs."""
        return {SCORING: AnomalyScoring(self._serving)}

    def init_batch_infer(self) -> BatchInferTask:
        """Many images after each other."""
        return MammogramBatch()

    def infer(self, request: Mapping[str, Any] | InferRequest, datastore: Datastore | None = None) -> dict[str, Any]:
        """Infer one image.

        MONAI Label's own takes any path of the server for an image; here ``image`` is an id of the datastore or, for
        an upload, a :class:`~pathlib.Path`, which no JSON can hold.

        Returns:
            ``{"label": id or path, "tag": ..., "file": path of the map, "params": record}``.

        Raises:
            RequestError: no such task, no image, or a label that a person saved would be replaced.
            UnknownImageError: an id that the datastore does not hold.
            InputError: an image that cannot be scored.
        """
        wanted = request if isinstance(request, InferRequest) else parse(InferRequest, request)
        task = self._infers.get(wanted.model)
        if task is None:
            raise RequestError(f"model {wanted.model!r}", "is not served", f"ask for '{TASK}'")
        if not wanted.image:
            raise RequestError("image", "is missing", "give an id of the datastore or upload a file")
        tag = check_tag(wanted.label_tag)
        images = datastore or self._datastore
        image_id = None if isinstance(wanted.image, Path) else wanted.image
        path = Path(wanted.image if image_id is None else images.get_image_uri(image_id))
        if image_id is not None and wanted.save_label and tag == _FINAL and images.get_label_uri(image_id, tag):
            raise RequestError(
                image_id, "has a final label, which a person saved", "save the map under another label_tag"
            )
        made: list[Path] = []

        def work() -> tuple[str, dict[str, Any]]:
            file, record = task(path, image_id, wanted)
            made.append(Path(file))
            return file, record

        def forget() -> None:
            for late in made:
                late.unlink(missing_ok=True)

        with self.infer_times.timed():
            file, record = self._in_the_pool(work, forget)
        self.infer_times.observe_steps(record["latencies"])
        record["path"] = path.name if image_id is None else image_id  # no client learns the server's folders
        label = file
        if image_id is not None and wanted.save_label:
            with removed_if_it_fails(Path(file)):
                label = images.save_label(image_id, file, tag, {"model": record["model"], "params": record})
        return {"label": label, "tag": tag, "file": file, "params": record}

    def present(self, files: Mapping[Path, str], folder: Path, forget: Callable[[], None]) -> None:
        """Infer uploaded files, and write what a page shows into a folder.

        Args:
            files: paths, with the names in the request.
            folder: to write to.
            forget: removes all of it; called, maybe from another thread, when what took too long has ended.

        Raises:
            ModelError: no model serves.
            TimeoutError: it took longer than MONAI_LABEL_INFER_TIMEOUT.
        """
        predictor = self._serving.predictor()
        with self.infer_times.timed():
            self._in_the_pool(lambda: present(predictor, files, folder), forget)

    def learn(
        self, kind: str, parameters: Mapping[str, Any], observe: Observer = ignore_progress, by: str = "mammolens"
    ) -> dict[str, Any]:
        """Learn, evaluate and perhaps promote, in this process; see :meth:`Learner.learn`.

        A job has a ``work_folder`` of its own, from which it can be resumed.
        """
        folder = CandidateFolder(Path(parameters.get(RequestKey.WORK_FOLDER) or self._models / "training"))
        learner = Learner(self._serving, self._training_data, folder, self._settings)
        return learner.learn(kind, parameters, observe, by, resume=bool(parameters.get(RequestKey.RESUMED)))

    def scoring(self, request: Mapping[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Score the images that have no score."""
        with self._one_line_errors():
            result: dict[str, Any] = super().scoring(request, datastore)
        return result

    def batch_infer(self, request: Mapping[str, Any], datastore: Datastore | None = None) -> dict[str, Any]:
        """Infer many images."""
        with self._one_line_errors():
            result: dict[str, Any] = super().batch_infer(request, datastore)
        return result

    def on_init_complete(self) -> None:
        """Load the model and group the exams before the first request has to wait for it."""
        super().on_init_complete()
        try:
            self._serving.predictor()
        except MammoLensError as error:
            _log.error("no model serves: %s", error)
        self.access_recorder.start()
        threading.Thread(target=self._group_exams, name="exams", daemon=True).start()
        self.background_inference.start()
        self.courier.start()
        if (days := self._settings.results_days) is not None:
            ResultRetention(
                self._exams,
                self._datastore,
                days,
                self.exam_service.without_inference,
                self.access_recorder.record_from_thread,
            ).start()
        if self.dimse_listener:
            self.dimse_listener.start()
        self.learning.start()
        Schedule(self._settings, self.learning, self._count_normals).start()

    def is_ready(self) -> bool:
        """Whether a model is in use."""
        return any(task.is_valid() for task in self._infers.values())

    def folders(self) -> dict[str, Path]:
        """Where the server writes: beside the images, models, temporary files."""
        return {"data": self._datastore.place, "models": self._models, "temporary": Path(tempfile.gettempdir())}

    def pacs_trouble(self) -> str | None:
        """Why the PACS does not answer; ``None``: it does, or there is none."""
        datastore = self._datastore
        return datastore.trouble() if isinstance(datastore, MammogramDicomWeb) else None

    def knows(self, kind: str, name: str) -> bool:
        """Whether there is an infer task, a strategy or a scoring method of that name."""
        tasks: dict[str, Mapping[str, Any]] = {
            "infer": self._infers,
            "strategy": self._strategies,
            "scoring": self._scoring_methods,
        }
        return name in tasks[kind]

    def info(self) -> dict[str, Any]:
        """What clients see at ``/info/``; ``drift`` is ``None`` while it is unknown."""
        info = super().info()
        # While the PACS does not answer, asking it again would double the wait.
        drift = None if info["datastore"].get("error") else self.drift()
        return {
            **info,
            "datastore": {**info["datastore"], **self.reviewed()},
            **self._ledger_info(),
            **self._refusal_info(),
            "drift": drift.model_dump(mode="json") if drift else None,
            "deliveries": {
                kind.value: summary.model_dump(mode="json") for kind, summary in self.courier.summaries().items()
            },
            "cannot_flag": self.models.cannot_flag(),
        }

    def drift(self) -> DriftSummary | None:
        """Alarms and a summary in one sentence; ``None`` while ``GET /mammolens/drift`` answers with an error."""
        try:
            return self.drift_monitor.summary()
        except MammoLensError:
            return None

    def reviewed(self) -> dict[str, Any]:
        """Number of images with each verdict, as ``reviewed``; nothing while ledger or PACS do not answer."""
        try:
            return {"reviewed": self.exam_service.reviews.counts()}
        except MammoLensError:
            return {}

    def check_batch(self, parameters: Mapping[str, Any]) -> None:
        """Refuse a batch that cannot run, before a background process finds out.

        Raises:
            RequestError: neither a known word nor a list of ids.
            UnknownImageError: an id that the datastore does not hold.
        """
        self._batch_infer.get_images(parameters, self._datastore)

    def _download_dcmqi_tools(self) -> None:
        """Nothing is downloaded at run time."""

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        """In a background process, whose last lines are its status, end with the error instead of a stack trace."""
        try:
            yield
        except MammoLensError as error:
            if self._server_mode:
                raise
            _log.error("failed: %s", error)
            raise SystemExit(1) from None

    def _listener(self) -> DimseListener | None:
        wanted = self._settings.dimse_listener
        if wanted is None:
            return None
        if not isinstance(self._datastore, MammogramFolder):
            raise ConfigError("--conf dimse_port", "images of a PACS stay there", "send them to the PACS instead")
        received = ReceivedImages(self._datastore, self.access_recorder.record_from_thread)
        return DimseListener(wanted, received.take)

    def _channels(self) -> dict[DeliveryKind, Channel]:
        """Who gets results."""
        channels: dict[DeliveryKind, Channel] = {}
        if to := self._settings.dimse_destination:
            record = self.access_recorder.record_from_thread
            channels[DeliveryKind.DICOM] = DicomResults(StorageSender(to), to, self._datastore.results, record)
        if webhook := self._settings.webhook:
            channels[DeliveryKind.WEBHOOK] = Webhook(webhook, self.access_recorder.record_from_thread)
        return channels

    def _is_image(self, word: str) -> bool:
        """Whether a word is the id of an image; in a PACS ids are UIDs, which are recognised without asking it."""
        datastore = getattr(self, "_datastore", None)  # none is open yet when the first lines are logged
        return isinstance(datastore, MammogramFolder) and datastore.lists(word)

    def _forget_exams(self, exam_ids: Collection[str]) -> None:
        self.exam_service.decisions.read_again()
        self.background_inference.forget(exam_ids)
        self._deliveries.forget(exam_ids)

    def _studies_with(self, exam_ids: Collection[str]) -> list[str]:
        studies = self.reader_studies
        return [name for name in studies.names() if not set(exam_ids).isdisjoint(studies.plan(name).exams)]

    def _verdicts(self) -> dict[str, Verdict | None]:
        return self.exam_service.reviews.verdicts()

    def _ledger_info(self) -> dict[str, Any]:
        """Name of the ledger, without a password or folder, and its head; an error while it does not answer."""
        decisions, name = self.exam_service.decisions, self.ledger.name
        info: dict[str, Any] = {
            "place": name if "://" in name else Path(name).name,
            "policy": decisions.policy.value,
        }
        try:
            info["head"] = str(decisions.now().head)
        except MammoLensError as error:
            info |= {"head": None, "error": without_folders(str(error))}
        return {"ledger": info}

    def _refusal_info(self) -> dict[str, Any]:
        """Why the model in use does not serve, as ``model_refused``; ``None`` where it does."""
        try:
            return {"model_refused": self._serving.refusal()}
        except ModelError as error:
            return {"model_refused": f"{Path(error.source).name}: {error.reason}"}

    def _group_exams(self) -> None:
        """Read the header of every image once; ten thousand take about ten seconds."""
        try:
            self.exam_service.exams.all()
        except MammoLensError as error:
            _log.warning("exams are not known yet: %s", error)

    def _count_normals(self, since: datetime | None, until: datetime) -> int:
        return count_normals(self.exam_service.decisions.now(), since, until)

    def _in_the_pool(self, work: Callable[[], T], ended_late: Callable[[], None] = lambda: None) -> T:
        """Run what decodes and scores images; as many at a time as MONAI_LABEL_INFER_CONCURRENCY allows.

        Work that timed out is not started; if it runs, it cannot be stopped and ``ended_late`` is called at its end.
        """
        if self._infers_threadpool is None:
            return work()
        future: Future[T] = self._infers_threadpool.submit(copy_context().run, work)
        try:
            return future.result(settings.MONAI_LABEL_INFER_TIMEOUT)
        except TimeoutError:
            if not future.cancel():
                future.add_done_callback(lambda _: ended_late())
            raise
