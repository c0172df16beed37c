"""The study that reports are about."""

from tests.studies.conftest import fit_options, normal_files, study, study_folder

__all__ = ["fit_options", "normal_files", "study", "study_folder"]
