"""Step `log-delivery`: the stage's access log goes to Moesif through Firehose."""

from fixtures.blame import Blame
from fixtures.log_formats import documented
from fixtures.records import NO_MOESIF


def test_stream_as_configured(log_delivery, world, proves):
    """The stream is active, and has the guide's name prefix, URL and buffer."""
    if world.target.moesif is None:
        proves.not_observed(NO_MOESIF, by_design=False)
    form, seen = log_delivery.form, log_delivery.seen
    expected = {
        "status": "ACTIVE",
        "name": form.stream_name,
        "named for API Gateway": True,
        "url": form.url,
        "buffer": {"IntervalInSeconds": form.buffer_interval_s, "SizeInMBs": form.buffer_size_mb},
    }
    name = seen.stream.value["DeliveryStreamName"]
    observed = {
        "status": seen.stream.value["DeliveryStreamStatus"],
        "name": name,
        "named for API Gateway": name.startswith("amazon-apigateway-"),
        "url": seen.destination.get("EndpointConfiguration", {}).get("Url"),
        "buffer": seen.destination.get("BufferingHints"),
    }
    proves(expected=expected, observed=observed, waited=seen.stream)


def test_stage_logs_to_stream(log_delivery, proves):
    """The stage's log goes to the stream, in the guide's first format to the byte."""
    expected = {"destinationArn": log_delivery.made.stream_arn, "format": log_delivery.form.log_format.text}
    proves(expected=expected, observed=log_delivery.seen.access_log)


def test_first_format_is_the_integrations(log_delivery, proves):
    """Each field of the first format holds the variable that the integration gives it."""
    log_format = log_delivery.form.log_format
    expected = documented("x-first-context")
    observed = {name: variable for name, variable in log_format.fields.items() if name in expected}
    never = log_format.never_logged()  # such a field is a dash in every line
    observed |= {name: log_format.fields[name] for name in never}
    wrong = [name for name in {**expected, **observed} if observed.get(name) != expected.get(name)]
    wanted = dict.fromkeys(never, "a variable that a REST API logs") | expected
    message = "; ".join(f"`{name}` holds {observed.get(name)}, expected {wanted[name]}" for name in wrong)
    blame = Blame(log_delivery.step.id, log_format.line, "wrong-value", message) if wrong else None
    proves(expected=expected, observed=observed, blame=blame)


def test_logging_needs_no_deploy(log_delivery, proves):
    """The stage serves the deployment that it served before logging was turned on."""
    proves(expected=log_delivery.made.deployment_before, observed=log_delivery.seen.deployment_after)
