"""Objects of any size, and what the store's answers mean."""

import io
import unittest
from unittest import mock

import stand_ins  # noqa: F401, sets the credentials
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from fire_pbt.checkpoints import Checkpoints
from fire_pbt.failures import passes
from temporalio.exceptions import ApplicationError

PART = 5 * 1024 * 1024


class Store(unittest.TestCase):
    def setUp(self):
        self.checkpoints = Checkpoints()
        self.stub = Stubber(self.checkpoints._s3)
        self.stub.activate()

    def test_writes_a_large_object_in_parts(self):
        config = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=1)
        self.stub.add_response("create_multipart_upload", {"UploadId": "u"})
        for number in (1, 2, 3):
            expected = {"Bucket": "b", "Key": "k", "UploadId": "u", "PartNumber": number, "Body": ANY}
            self.stub.add_response("upload_part", {"ETag": f"e{number}"}, expected)
        self.stub.add_response("complete_multipart_upload", {})
        with mock.patch("fire_pbt.checkpoints._IN_PARTS", config):
            self.checkpoints.put("b", "k", bytes(2 * PART + 1))
        self.stub.assert_no_pending_responses()

    def test_tells_of_each_part_that_is_received(self):
        body = bytes(2 * 1024 * 1024 + 1)
        content = StreamingBody(io.BytesIO(body), len(body))
        self.stub.add_response("get_object", {"Body": content})
        told = []
        self.checkpoints.telling(lambda: told.append(True))._read(
            self.checkpoints._s3.get_object(Bucket="b", Key="k")["Body"]
        )
        self.assertEqual(len(told), 3)

    def test_tells_of_what_is_sent(self):
        told = []
        checkpoints = self.checkpoints.telling(lambda: told.append(True))
        with mock.patch.object(checkpoints._s3, "upload_fileobj") as upload:
            upload.side_effect = lambda *_, Callback, **__: Callback(5)
            checkpoints.put("b", "k", b"body")
        self.assertEqual(told, [True])

    def test_fails_for_good_with_advice_if_the_store_would_refuse_again(self):
        for code, status, advice in (
            ("AccessDenied", 403, "Grant the right"),
            ("SignatureDoesNotMatch", 403, "Grant the right"),
            ("NoSuchBucket", 404, "Create the bucket"),
            ("EntityTooLarge", 400, "Look in the store's log"),
            ("PermanentRedirect", 301, "Look in the store's log"),
            ("NotImplemented", 501, "Look in the store's log"),
        ):
            with self.subTest(code):
                self.stub.add_client_error("put_object", code, "no", status)
                with self.assertRaises(ApplicationError) as raised:
                    self.checkpoints.put("b", "k", b"body")
                self.assertEqual((raised.exception.type, raised.exception.non_retryable), ("StoreRefuses", True))
                self.assertRegex(raised.exception.message, rf"^Cannot put s3://b/k: .*\({code}\).*\. {advice}")

    def test_retries_what_passes(self):
        for code, status in (
            ("SlowDown", 503),
            ("InternalError", 500),
            ("ExpiredToken", 400),
            ("RequestTimeTooSkewed", 403),
            ("NoSuchUpload", 404),
            ("TooEarly", 425),
        ):
            with self.subTest(code):
                self.stub.add_client_error("put_object", code, "later", status)
                with self.assertRaises(ClientError) as raised:
                    self.checkpoints.put("b", "k", b"body")
                self.assertTrue(passes(raised.exception))

    def test_fails_for_good_if_a_checkpoint_is_missing(self):
        self.stub.add_client_error("get_object", "NoSuchKey", "no", 404)
        with self.assertRaises(ApplicationError) as raised:
            self.checkpoints.get_state("b", {"key": "k", "sha256": ""})
        self.assertEqual(raised.exception.type, "CheckpointMissing")

    def test_retries_no_refusal_of_what_a_task_reads_itself(self):
        refused = ClientError({"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}, "get")
        self.assertFalse(passes(refused))
