"""Certificates: lines of a coil, the fit through points, probes, expiry, and all that a rig names."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path

import numpy as np
import pytest

from amfdaq.errors import BadInput, ConfigError
from amfdaq.field import CoilLine
from amfdaq.quantity import MU0
from amfdaq.rig import load_rig
from calibration import (
    fit_line,
    load_coil_certificate,
    load_for,
    load_thermometer_certificate,
    parse_coil_certificate,
    parse_thermometer_certificate,
)

COIL_FILE = Path("coil.toml")
EXAMPLES = Path(__file__).parents[2] / "examples" / "rigs" / "magnetherm-osensa"
DAY = dt.date(2025, 6, 1)


def test_a_line_from_gain_and_offset(coil_text: str) -> None:
    line = parse_coil_certificate(coil_text, COIL_FILE).line(263e3)
    gain = 1.2e-3 / MU0
    assert line.gain == pytest.approx(gain)
    assert line.u_gain == pytest.approx(0.02 * gain)
    assert [line.offset, line.u_offset] == pytest.approx([-30.0, 40.0])
    assert line.covariance == pytest.approx(-0.8 * 0.02 * gain * 40.0)
    assert (line.frequency_min, line.frequency_max) == (260e3, 270e3)
    assert line.current_max == 14.0
    assert line.u_position == pytest.approx(0.015)


def test_a_scale_is_common_to_gain_and_offset(coil_text: str) -> None:
    text = coil_text.replace('offset = "-30 A/m +- 40 A/m"', 'offset = "300 A/m +- 40 A/m"\nscale = "3 %"')
    line = parse_coil_certificate(text, COIL_FILE).line(265e3)
    plain = parse_coil_certificate(text.replace('scale = "3 %"', ""), COIL_FILE).line(265e3)
    for current in (1.0, 5.0, 14.0):
        expected = math.hypot(plain.u_field(current), 0.03 * plain.field(current))
        assert line.u_field(current) == pytest.approx(expected)


def test_the_line_for_a_frequency(coil_text: str) -> None:
    second = coil_text[coil_text.index("[[line]]") :].replace("26 nF", "15 nF").replace("265 kHz", "268 kHz")
    both = parse_coil_certificate(coil_text + second, COIL_FILE)
    assert both.line(261e3).frequency_min == 260e3
    assert both.line(265e3, "26 nF").frequency_min == 260e3
    assert both.line(265e3, "0.015 uF").frequency_min == 263e3
    with pytest.raises(BadInput, match="several lines of the certificate cover 265 kHz"):
        both.line(265e3)
    with pytest.raises(BadInput, match=r"covers 400 kHz; it has 265 kHz, 26 nF; 268 kHz, 15 nF"):
        both.line(400e3)
    with pytest.raises(BadInput, match="covers 265 kHz with 88 nF"):
        both.line(265e3, "88 nF")
    with pytest.raises(BadInput, match="capacitor: "):
        both.line(265e3, "26 mm")


def test_an_exact_line_is_found_again() -> None:
    current = [1.0, 4.0, 7.0, 12.0]
    fit = fit_line(current, [3716.3 * i + 1297.0 for i in current], [20.0] * 4)
    assert [fit.gain, fit.offset] == pytest.approx([3716.3, 1297.0])
    assert fit.residual == pytest.approx(0.0, abs=1e-6)
    assert fit.points == 4


def test_the_covariance_is_the_scatter_of_many_fits() -> None:
    rng = np.random.default_rng(7)
    current = np.array([2.0, 5.0, 8.0, 11.0, 14.0])
    u = np.array([20.0, 50.0, 60.0, 110.0, 100.0])
    truth = 957.0 * current + 13.0
    fits = [fit_line(current.tolist(), (truth + rng.normal(0, u)).tolist(), u.tolist()) for _ in range(3000)]
    scatter = np.cov([[fit.gain for fit in fits], [fit.offset for fit in fits]])
    predicted = fit_line(current.tolist(), truth.tolist(), u.tolist())
    assert predicted.u_gain == pytest.approx(math.sqrt(scatter[0, 0]), rel=0.05)
    assert predicted.u_offset == pytest.approx(math.sqrt(scatter[1, 1]), rel=0.05)
    assert predicted.covariance == pytest.approx(scatter[0, 1], rel=0.08)


def test_without_uncertainties_the_residuals_tell_them() -> None:
    rng = np.random.default_rng(8)
    current = np.linspace(1.0, 14.0, 12)
    truth = 957.0 * current + 13.0
    fits = [fit_line(current.tolist(), (truth + rng.normal(0, 40.0, 12)).tolist()) for _ in range(2000)]
    assert math.sqrt(np.mean([fit.u_gain**2 for fit in fits])) == pytest.approx(
        float(np.std([fit.gain for fit in fits])), rel=0.06
    )
    assert math.sqrt(np.mean([fit.residual**2 for fit in fits])) == pytest.approx(40.0, rel=0.05)


def test_points_that_scatter_more_than_they_say_enlarge_the_uncertainty() -> None:
    current, field = [1.0, 2.0, 3.0, 4.0], [1000.0, 2100.0, 2900.0, 4100.0]
    modest = fit_line(current, field, [5.0] * 4)
    assert modest.u_gain == pytest.approx(fit_line(current, field).u_gain)
    honest = fit_line(current, field, [200.0] * 4)
    assert honest.u_gain == pytest.approx(200.0 / math.sqrt(5.0))


def test_no_fit_averages_a_common_scale_out() -> None:
    current = list(np.linspace(1.0, 14.0, 200))
    fit = fit_line(current, [957.0 * i for i in current], [1.0] * 200, scale=0.02)
    assert fit.u_gain == pytest.approx(0.02 * 957.0, rel=0.01)


def test_lengths_must_agree() -> None:
    with pytest.raises(BadInput, match="3 currents, 2 fields and 3 uncertainties"):
        fit_line([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(BadInput, match="must be finite"):
        fit_line([1.0, 2.0, 3.0], [1.0, 2.0, math.nan])


def test_points_in_the_certificate_are_fitted(tmp_path: Path) -> None:
    certificate = load_coil_certificate(EXAMPLES / "coil.toml")
    line = certificate.line(265e3)
    expected = fit_line(
        [2.0, 5.0, 8.0, 11.0, 14.1], [1930.0, 4780.0, 7690.0, 10540.0, 13530.0],
        [19.3, 47.8, 76.9, 105.4, 135.3], scale=0.015,
    )  # fmt: skip
    assert [line.gain, line.offset] == pytest.approx([expected.gain, expected.offset])
    assert [line.u_gain, line.covariance] == pytest.approx([expected.u_gain, expected.covariance])
    assert line.current_max == 14.1
    with pytest.raises(BadInput, match=r"ends at 14\.10 A"):
        line.current(15e3)
    raised = (
        (EXAMPLES / "coil.toml")
        .read_text(encoding="utf-8")
        .replace('scale = "1.5 %"', 'current_max = "20 A"')
    )
    path = tmp_path / "coil.toml"
    path.write_text(raised, encoding="utf-8")
    assert load_coil_certificate(path).line(265e3).current_max == 14.1, "no line holds beyond its last point"


def test_json_of_a_coil_gives_the_line_back() -> None:
    certificate = load_coil_certificate(EXAMPLES / "coil.toml")
    document = json.loads(json.dumps(certificate.to_json(), allow_nan=False))
    assert document["date"] == "2025-03-31"
    assert [line["capacitor"] for line in document["lines"]] == pytest.approx([26e-9, 88e-9])
    line = certificate.line(158e3)
    assert CoilLine.from_json(json.loads(json.dumps(line.to_json()))) == line
    assert parse_coil_certificate(certificate.text, certificate.path) == certificate


def test_a_probe(probe_text: str) -> None:
    probe = parse_thermometer_certificate(probe_text, Path("probe.toml"))
    assert probe.correct(40.0) == pytest.approx(-0.12 + 1.002 * 40.0)
    assert math.isnan(probe.correct(math.nan))
    assert probe.lag == 0.8
    assert probe.u_lag == pytest.approx(0.2)
    assert probe.u_gain == pytest.approx(0.003 / 1.002)
    assert probe.u_offset == pytest.approx(0.1)
    assert probe.covers(10.0)
    assert not probe.covers(80.1)
    document = json.loads(json.dumps(probe.to_json(), allow_nan=False))
    wanted = {"offset": -0.12, "gain": 1.002, "lag": 0.8, "u_lag": 0.2, "resolution": 0.01}
    assert {key: document[key] for key in wanted} == pytest.approx(wanted)
    assert document["u_gain"] == pytest.approx(0.003 / 1.002)


def test_a_probe_about_which_little_is_known(probe_text: str) -> None:
    rows = [
        row for row in probe_text.split("\n") if not row.startswith(("offset", "gain", "lag", "resolution"))
    ]
    probe = parse_thermometer_certificate("\n".join(rows), Path("probe.toml"))
    assert probe.correct(40.0) == 40.0
    assert probe.lag is None
    assert (probe.u_lag, probe.u_gain, probe.resolution) == (0.0, 0.0, 0.0)


def test_expiry(coil_text: str, probe_text: str) -> None:
    coil = parse_coil_certificate(coil_text, COIL_FILE)
    assert coil.expired(dt.date(2026, 3, 31)) is None
    late = coil.expired(dt.date(2026, 4, 10))
    assert late is not None
    assert "the certificate C1 expired on 2026-03-31, 10 days before 2026-04-10" in late
    early = coil.expired(dt.date(2025, 3, 30))
    assert early is not None
    assert "is dated 2025-03-31, after 2025-03-30" in early
    never = parse_thermometer_certificate(probe_text, Path("probe.toml"))
    assert never.expired(dt.date(2099, 1, 1)) is None


def test_the_certificates_of_a_rig() -> None:
    rig = load_rig(EXAMPLES / "rig.toml")
    found = load_for(rig, DAY)
    assert found.warnings == ()
    assert found.coil is not None
    assert found.coil.line(265e3).gain == pytest.approx(957.36, abs=0.01)
    assert list(found.probes) == ["core"]
    late = load_for(rig, dt.date(2027, 3, 1)).warnings
    assert len(late) == 1
    assert "FIBRE3-2025-02 expired" in late[0]


def test_a_rig_whose_limit_goes_beyond_its_coil_and_a_probe_without_certificate(tmp_path: Path) -> None:
    text = (EXAMPLES / "rig.toml").read_text(encoding="utf-8")
    for name in ("coil.toml", "probe.toml"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "rig.toml"
    text = text.replace('certificate = "probe.toml"', "").replace('field = "13.5 kA/m"', 'field = "15 kA/m"')
    path.write_text(text, encoding="utf-8")
    missing, beyond = load_for(load_rig(path), DAY).warnings
    assert "the probe core has no certificate" in missing
    assert "limits.field is 15 kA/m, but the certificate of the coil ends at 13.51 kA/m" in beyond


def test_faults_of_all_certificates_come_at_once(tmp_path: Path) -> None:
    for name in ("rig.toml", "coil.toml", "probe.toml"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("coil.toml", "probe.toml"):
        path = tmp_path / name
        path.write_text(
            path.read_text(encoding="utf-8").replace('issued_by = "A. Miller"', ""), encoding="utf-8"
        )
    with pytest.raises(ConfigError) as caught:
        load_for(load_rig(tmp_path / "rig.toml"), DAY)
    assert [problem.path.name for problem in caught.value.problems] == ["coil.toml", "probe.toml"]
    with pytest.raises(ConfigError, match="issued_by"):
        load_thermometer_certificate(tmp_path / "probe.toml")
