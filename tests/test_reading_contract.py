"""Every row of docs/reading.md has its test: which one, and that it is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CONTRACT = TESTS.parent / "docs" / "reading.md"
ACCEPTED = "dicom/test_eligibility.py::test_mammograms_are_accepted_with_flags"
UNSUPPORTED = "dicom/test_eligibility.py::test_mammograms_of_other_kinds_are_not_supported"
NO_MAMMOGRAM = "dicom/test_eligibility.py::test_other_objects_are_no_mammograms"
SET_ASIDE = "dicom/test_unusable.py::test_what_the_image_can_do_without_is_set_aside_and_named"
KIND = "dicom/test_image_kind.py::test_what_is_no_screening_view_is_named"
SYNTHETIC = "dicom/test_image_kind.py::test_a_synthetic_view_is_scored_and_told_apart"
CHANNELS = "dicom/test_channels.py::test_"
# By section and first cell, the first words of which suffice. In brackets: the parameter's id, or a part of it.
ROWS: dict[str, dict[str, tuple[str, ...]]] = {
    "Files of a folder": {
        "named by UID": (
            "dicom/test_discovery.py::test_the_content_of_a_file_tells_its_kind_not_its_name",
            "labelapp/datastore/test_folder_scan.py::test_images_are_found_whatever_their_name_and_the_rest_is_counted",
            "labelapp/datastore/test_folder_scan.py::test_the_command_line_finds_the_same",
        ),
        "a DICOMDIR": (
            "dicom/test_discovery.py::test_a_patient_s_cd_is_its_mammograms_and_the_rest_is_passed_over[dicomdir]",
        ),
        "PNG or JPEG at or below a DICOMDIR": (
            "dicom/test_discovery.py::test_a_patient_s_cd_is_its_mammograms_and_the_rest_is_passed_over",
        ),
        "programs, texts": (
            "dicom/test_discovery.py::test_images_are_found_deeply_and_in_order_and_other_files_counted",
        ),
        "CAD SR": (
            "cli/test_predict.py::test_what_a_cd_brings_with_its_images_is_passed_over_and_counted_but_no_error",
            "dicom/test_sop_classes.py::test_objects_without_an_image_are_known_by_their_class",
        ),
        "FOR PROCESSING, and": (
            "dicom/test_discovery.py::test_a_raw_image_is_passed_over_where_its_view_is_there_for_presentation",
        ),
        "FOR PROCESSING alone": (
            "dicom/test_discovery.py::test_a_raw_image_without_one_for_presentation_stays_so_that_its_loss_is_told",
            f"{UNSUPPORTED}[for processing]",
        ),
        "CT or another": (f"{NO_MAMMOGRAM}[a CT]",),
        "named pipe": (
            "dicom/test_discovery.py::test_only_regular_files_are_opened_in_folders",
            "dicom/test_opening.py::test_a_named_pipe_is_refused_before_it_blocks",
        ),
        "a link to a file outside": (
            "dicom/test_discovery.py::test_links_out_of_the_folder_are_passed_over_where_they_must_stay_inside",
        ),
        "outputs of `predict`": (
            "dicom/test_discovery.py::test_outputs_of_an_earlier_prediction_are_neither_found_nor_counted",
            "cli/test_predict.py::test_an_output_inside_of_the_folder_is_not_analysed_the_next_time",
        ),
        "files that cannot be read": (
            "dicom/test_discovery.py::test_a_damaged_file_stays_so_that_the_reader_says_why",
            "cli/test_predict.py::test_an_unusable_image_is_one_line_and_code_three_and_the_good_ones_are_done",
        ),
    },
    "Limits": {
        "more than 50,000 elements": (
            "dicom/test_bounds.py::test_too_many_elements_are_refused_before_memory_is_taken_for_them[deflated]",
        ),
        "sequences nested": ("dicom/test_bounds.py::test_deep_nesting_is_refused",),
        "a Patient ID or other short text": (
            "dicom/test_bounds.py::test_a_patient_id_of_megabytes_is_refused_by_name",
        ),
        "Pixel Data in more than": (
            "dicom/test_bounds.py::test_too_many_fragments_are_refused_before_they_are_joined",
        ),
        "a deflated data set": (
            "dicom/test_bounds.py::test_a_deflated_data_set_may_not_grow_beyond_what_pixels_can",
            "dicom/test_opening.py::test_a_deflated_bomb_is_refused_before_it_fills_the_memory",
        ),
        "more than 100 million": (
            "dicom/test_decoding.py::test_an_image_beyond_the_limit_is_refused_before_it_is_decoded",
        ),
        "more than 1,000 pixels": (
            "dicom/test_bounds.py::test_a_small_jpeg_that_claims_a_hundred_million_pixels_is_refused_before_it_is_decoded",
        ),
    },
    "Sign and cells": {
        "8, 10, 12, 14, 16 bits": (
            "dicom/test_decoding.py::test_values_are_those_that_were_written_and_those_that_simpleitk_reads",
            "dicom/test_stored_values.py::test_signed_values_are_shown_as_their_unsigned_twins",
        ),
        "values beyond Bits Stored": (
            "dicom/test_stored_values.py::test_values_beyond_bits_stored_are_kept_whole_and_told",
        ),
        "bits above High Bit that repeat": (
            "dicom/test_decoding.py::test_overlays_in_unused_bits_are_no_part_of_the_values",
            "dicom/test_decoding.py::test_the_sign_is_extended_where_the_writer_did_not",
        ),
        "bits above High Bit that no": (
            "dicom/test_stored_values.py::test_bits_that_neither_value_nor_overlay_explains_are_refused",
        ),
        "High Bit 15 over 12 bits at the top": ("dicom/test_decoding.py::test_values_may_stand_in_the_upper_bits",),
        "High Bit 15 over 12 bits at the bottom": (
            "dicom/test_stored_values.py::test_a_high_bit_above_values_that_stand_in_the_lowest_bits_is_set_aside",
        ),
        "High Bit below": (
            "dicom/test_stored_values.py::test_a_high_bit_below_the_stored_bits_is_set_aside",
            "dicom/test_stored_values.py::test_no_bits_below_the_stored_ones_are_dropped_in_silence",
        ),
        "Pixel Representation 1": ("dicom/test_stored_values.py::test_a_sign_that_tears_the_picture_is_set_aside",),
        "JPEG 2000: the stream says signed": (
            "dicom/test_stored_values.py::test_a_stream_of_jpeg_2000_that_is_signed_under_an_unsigned_header",
        ),
        "Bits Stored above": (
            "dicom/test_stored_values.py::test_a_header_that_cannot_be_is_refused_by_its_attribute[too many bits]",
            "dicom/test_stored_values.py::test_a_header_that_cannot_be_is_refused_by_its_attribute[packed]",
            "dicom/test_stored_values.py::test_a_header_that_cannot_be_is_refused_by_its_attribute[sign missing]",
        ),
    },
    "Compressed streams": {
        "RLE Lossless": (
            "dicom/test_mutations.py::test_a_stream_that_lost_or_won_bytes_is_refused_or_gives_the_truth[RLELossless]",
        ),
        "JPEG Baseline": (
            "dicom/test_completeness.py::test_lossy_jpeg_that_lost_or_won_bytes_is_refused",
            "dicom/test_completeness.py::test_lossy_jpeg_of_12_bits_that_ends_too_early_is_refused",
        ),
        "JPEG Lossless (Process 14)": (
            "dicom/test_completeness.py::test_lossless_jpeg_is_whole_by_each_predictor",
            "dicom/test_completeness.py::test_lossless_jpeg_is_whole_in_each_precision",
        ),
        "JPEG-LS": ("dicom/test_decoding.py::test_a_jpeg_ls_frame_that_ends_too_early_is_refused",),
        "Deflated": (
            "dicom/test_mutations.py::test_a_deflated_file_that_lost_or_won_bytes_is_refused_or_gives_the_truth",
            "dicom/test_bounds.py::test_what_a_mammogram_may_have_is_let_through[deflated]",
        ),
        "JPEG 2000, lossless or not": (
            "dicom/test_completeness.py::test_jpeg_2000_is_followed_from_tile_part_to_tile_part",
        ),
        "the same, lossless": (
            "dicom/test_reduced_resolution.py::test_a_gradient_keeps_its_place",
            "dicom/test_reduced_resolution.py::test_a_stream_that_ends_too_early_is_refused",
        ),
        "HTJ2K": (
            "dicom/test_decoding.py::test_htj2k_gives_the_values_that_were_encoded",
            "dicom/test_decoding.py::test_htj2k_that_lost_bytes_is_refused",
        ),
        "00 or FF": ("dicom/test_completeness.py::test_padding_behind_the_end_is_harmless[five FF]",),
        "no end marker": (
            "dicom/test_completeness.py::test_lossless_jpeg_without_its_end_marker_but_with_every_value_is_read",
            "dicom/test_completeness.py::test_lossy_jpeg_that_lost_or_won_bytes_is_refused",
        ),
        "the middle or the tail": (
            "dicom/test_completeness.py::test_a_stream_that_lost_its_middle_and_kept_its_end_is_refused",
        ),
        "a stretch of 00 or FF": ("dicom/test_completeness.py::test_a_stretch_that_a_transfer_left_empty_is_refused",),
        "a restart interval": ("dicom/test_completeness.py::test_restart_intervals_are_counted_one_by_one",),
        "lossless JPEG with a point transform": (
            "dicom/test_completeness.py::test_a_point_transform_which_libjpeg_takes_for_something_else_is_refused_by_it",
        ),
        "uncompressed, with less": (
            "dicom/test_decoding.py::test_some_padding_behind_the_pixels_is_harmless",
            "dicom/test_decoding.py::test_a_few_bytes_behind_the_pixels_that_are_no_padding_are_refused",
        ),
        "Transfer Syntax UID and content": (
            "dicom/test_decoding.py::test_compressed_pixels_that_are_called_uncompressed_are_named",
            "dicom/test_decoding.py::test_uncompressed_pixels_that_are_called_compressed_are_named",
            "dicom/test_decoding.py::test_a_stream_that_is_called_rle_and_rle_that_is_called_a_stream_are_named",
            "dicom/test_decoding.py::test_a_stream_of_another_kind_than_its_transfer_syntax_is_named",
        ),
    },
    "Values in the wrong form": {
        "a decimal comma": (f"{SET_ASIDE}[ImagerPixelSpacing]", f"{SET_ASIDE}[NominalScannedPixelSpacing]"),
        "the same in Window": (
            f"{SET_ASIDE}[WindowCenter]",
            "dicom/test_unusable.py::test_a_window_that_is_no_number_gives_way_to_the_range",
        ),
        "... in Estimated": (f"{SET_ASIDE}[EstimatedRadiographicMagnificationFactor]",),
        "... in Rows": (
            "dicom/test_unusable.py::test_what_is_needed_is_refused_by_its_attribute",
            "dicom/test_pixels.py::test_a_rescale_that_is_no_number_is_refused_by_its_name",
            "dicom/test_mutations.py::test_a_header_changed_at_random_is_refused_told_or_harmless",
        ),
        "VOI LUT Function in lower case": ("dicom/test_unusable.py::test_a_voi_lut_function_is_read_in_any_case",),
        "VOI LUT Function that the standard": (
            "dicom/test_unusable.py::test_an_unknown_voi_lut_function_is_read_as_linear",
            f"{SET_ASIDE}[VOILUTFunction]",
        ),
        "VOI LUT with fewer entries": (
            "dicom/test_unusable.py::test_a_voi_lut_that_cannot_be_used_gives_way_to_the_window[too short]",
            "dicom/test_unusable.py::test_a_voi_lut_that_cannot_be_used_gives_way_to_the_window[entries of no bits]",
        ),
        "VOI LUT whose entries": ("dicom/test_unusable.py::test_entries_of_a_voi_lut_beyond_its_bits_are_shown_whole",),
        "VOI LUT or Modality LUT": (
            "dicom/test_pixels.py::test_the_first_value_of_a_voi_lut_is_signed_where_values_may_be_negative",
            "dicom/test_pixels.py::test_the_first_value_of_a_modality_lut_is_signed_where_the_stored_ones_are",
        ),
        "a window or VOI LUT that leaves": (
            "dicom/test_unusable.py::test_a_window_that_shows_hardly_any_grey_gives_way_to_the_range_and_is_named",
            "dicom/test_unusable.py::test_a_voi_lut_that_shows_hardly_any_grey_gives_way_to_the_range_and_is_named",
            f"{SET_ASIDE}[WindowWidth]",
        ),
        "Modality LUT that cannot": ("dicom/test_pixels.py::test_a_damaged_modality_lut_is_refused_by_its_name",),
        "Pixel Padding Range Limit": ("dicom/test_unusable.py::test_padding_that_covers_tissue_is_set_aside",),
    },
    "Kind of image": {
        "Image Type with TOMO_PROJ": (f"{KIND}[a projection]", f"{UNSUPPORTED}[a tomosynthesis projection]"),
        "... with TOMOSYNTHESIS": (f"{KIND}[a slice]", f"{KIND}[a slab]"),
        "... with STEREO_SCOUT": (f"{KIND}[synthetic of a biopsy]",),
        "... with PRE_CONTRAST": (
            f"{KIND}[low energy as Value 4]",
            f"{KIND}[recombined]",
            f"{UNSUPPORTED}[contrast-enhanced]",
        ),
        "... with GENERATED_2D": (
            f"{SYNTHETIC}[GENERATED_2D]",
            f"{SYNTHETIC}[TOMO_2D]",
            "dicom/test_image_kind.py::test_synthetic_views_are_an_acquisition_group_of_their_own",
            f"{ACCEPTED}[synthetic]",
        ),
        "DERIVED, and": (f"{SYNTHETIC}[a product's name]",),
        "an exposed view": ("inference/test_exam.py::test_an_exposed_view_and_its_synthetic_twin_are_one_view",),
        "a mammography SOP class": (f"{ACCEPTED}[OT, of the mammography class]", f"{ACCEPTED}[film]"),
        "... Modality says US": (
            f"{NO_MAMMOGRAM}[a mammogram's class that says ultrasound]",
            f"{NO_MAMMOGRAM}[ultrasound of a breast]",
        ),
        "grey stored as RGB": (
            f"{CHANNELS}grey_stored_as_rgb_is_the_grey_image",
            f"{CHANNELS}grey_stored_as_rgb_in_rle_is_the_grey_image",
            f"{CHANNELS}grey_in_a_colour_jpeg_is_its_luminance",
            f"{CHANNELS}grey_in_a_colour_jpeg_2000_is_the_grey_image",
            f"{CHANNELS}a_window_is_not_for_colours",
        ),
        "... in JPEG-LS": (f"{CHANNELS}a_stream_that_is_not_decoded_in_colour_is_refused_by_name",),
        "... of one channel": (f"{UNSUPPORTED}[one channel of colour]",),
        "a real colour image": (f"{CHANNELS}colours_are_refused_where_the_pixels_show_them",),
        "Image Type missing": ("dicom/test_image_kind.py::test_an_exposed_view_is_neither[without Image Type]",),
    },
    "Views and sides": {
        "View Code and View Position": (
            "dicom/test_reader.py::test_the_view_s_code_goes_before_its_word",
            f"{ACCEPTED}[a code against its word]",
        ),
        "View Position `LCC`": (
            "dicom/test_views.py::test_a_view_s_word_tells_the_side_where_nothing_else_does",
            "dicom/test_view_terms.py::test_words_that_modalities_write_are_understood",
        ),
        "View Position `CCID`": (
            f"{ACCEPTED}[an implant displaced by its word]",
            f"{ACCEPTED}[an implant displaced, whatever the attribute says]",
        ),
        "View Position `SMLO`": (
            f"{UNSUPPORTED}[a spot by its word]",
            f"{UNSUPPORTED}[magnified by its word]",
            f"{UNSUPPORTED}[axillary tail by its word]",
            f"{UNSUPPORTED}[cleavage by its word]",
            f"{UNSUPPORTED}[tangential by its word]",
            f"{UNSUPPORTED}[a spot by a vendor's word]",
        ),
        "a modifier of a private code": (
            f"{UNSUPPORTED}[a private code of spot compression]",
            f"{UNSUPPORTED}[a modifier outside the view's code]",
        ),
        "View Position `SPECIMEN`": (f"{UNSUPPORTED}[a specimen by its word]", f"{UNSUPPORTED}[a specimen]"),
        "Partial View YES": (f"{UNSUPPORTED}[a part of a large breast]",),
        "anterior compression": (
            f"{ACCEPTED}[anterior compression]",
            f"{ACCEPTED}[the inframammary fold]",
            f"{ACCEPTED}[axillary tissue]",
        ),
        "rolled": (f"{ACCEPTED}[rolled]", f"{ACCEPTED}[nipple in profile]"),
        "View Position `AP`": (
            "dicom/test_reader.py::test_a_view_in_a_word_that_is_not_known_is_not_guessed",
            "dicom/test_views.py::test_a_term_that_is_not_known_is_named_and_no_view",
        ),
        "Image Laterality": (
            "dicom/test_views.py::test_a_side_is_contradicted_by_another_attribute_or_by_the_orientation_of_an_oblique_view",
            "dicom/test_views.py::test_the_image_s_side_wins_over_the_series_and_the_code",
        ),
        "Patient Orientation": (f"{ACCEPTED}[the other breast's orientation]",),
    },
    "Incomplete breasts": {
        "30 % of the rows": (
            "dicom/test_missing_parts.py::test_rows_that_are_missing_are_told_by_the_straight_edge",
            "dicom/test_missing_parts.py::test_a_mammogram_of_which_rows_are_missing_is_flagged_and_refused",
        ),
        "a stretch of rows": ("dicom/test_missing_parts.py::test_rows_missing_in_the_middle_are_told",),
        "columns in front": ("dicom/test_missing_parts.py::test_columns_missing_before_the_nipple_are_told",),
        "columns at the chest wall": (
            "dicom/test_missing_parts.py::test_a_margin_beside_the_chest_wall_is_a_film_s_but_not_a_detector_s",
        ),
        "... of a film": (
            "dicom/test_missing_parts.py::test_a_missing_chest_wall_is_told_where_it_is_no_film_s_margin",
        ),
        "more rows or columns": (
            "dicom/test_missing_parts.py::test_half_of_the_rows_are_most_of_the_breast",
            "dicom/test_missing_parts.py::test_a_mammogram_of_which_rows_are_missing_is_flagged_and_refused",
        ),
        "a breast that covers": (
            "inference/test_quality.py::test_a_breast_far_smaller_than_its_detector_allows_is_flagged",
        ),
        "margins, frames": (
            "dicom/test_missing_parts.py::test_margins_frames_and_the_edge_of_a_paddle_are_no_missing_part",
        ),
    },
    "Tables": {
        "one cell": (
            "datasets/test_table.py::test_one_bad_cell_leaves_out_its_image_and_no_other[view]",
            "cli/test_predict.py::test_one_bad_cell_of_a_table_leaves_out_its_image_and_not_the_run",
        ),
        "a row without `image`": (
            "datasets/test_table.py::test_a_row_without_image_or_patient_is_left_out_and_told",
            "datasets/test_table.py::test_an_image_outside_of_the_folder_is_refused",
        ),
        "a row without `patient_id`": (
            "datasets/test_table.py::test_a_row_without_image_or_patient_is_left_out_and_told",
        ),
        "several rows": (
            "datasets/test_table.py::test_an_image_with_several_lesions_has_a_row_for_each_however_its_path_is_written",
        ),
        "... that name two": ("datasets/test_table.py::test_rows_that_contradict_each_other_leave_out_their_image",),
        "no row can be used": (
            "datasets/test_table.py::test_a_table_without_a_patient_or_without_any_image_is_refused",
            "cli/test_predict.py::test_a_table_that_cannot_be_used_is_one_line_and_code_five",
        ),
    },
    "Identity": {
        "four views of one study": (
            "dicom/test_reader.py::test_without_patient_id_the_study_is_the_key_and_a_table_that_names_the_patient_goes_before_it",
            "datasets/test_folder.py::test_a_study_of_four_views_without_patient_id_is_one_patient_and_one_exam",
            "labelapp/datastore/test_folder.py::test_views_of_one_study_without_patient_id_share_an_exam",
        ),
        "neither Patient ID nor": (
            "dicom/test_reader.py::test_an_image_without_identity_goes_by_its_content_and_never_by_its_name",
            "dicom/test_pictures.py::test_a_uid_follows_from_the_content_alone",
        ),
        "Patient ID without Study": (
            "dicom/test_reader.py::test_an_exam_without_study_is_the_patient_s_and_told_unless_a_table_names_the_exam",
        ),
        "two Patient IDs": (
            "inference/test_batch.py::test_two_patient_ids_in_one_study_stay_two_exams_and_are_told",
            "dicom/test_identity.py::test_two_patient_ids_in_one_study_are_told_and_a_missing_one_is_another",
            "labelapp/exams/test_exam.py::test_two_patient_ids_in_one_study_stay_apart_and_are_told",
        ),
        "one Patient ID of two": (
            "inference/test_batch.py::test_one_patient_id_of_two_issuers_is_told",
            "dicom/test_identity.py::test_two_issuers_of_one_patient_id_are_told_to_all_of_its_images",
        ),
        "one SOP Instance UID": (
            "inference/test_batch.py::test_different_images_of_one_uid_all_count_under_substitutes_that_are_told",
            "datasets/test_folder.py::test_different_images_of_one_uid_are_told_and_copies_are_not",
        ),
        "... in a folder of the server": (
            "labelapp/exams/test_exam.py::test_different_images_of_one_uid_are_left_out_and_told_until_one_has_its_own",
        ),
        "a copy of an image": (
            "dicom/test_identity.py::test_a_copy_is_the_same_image_whatever_its_transfer_syntax_and_header",
            "labelapp/exams/test_eligibility.py::test_an_image_and_its_copy_count_once",
        ),
        "Patient ID with Chinese": (
            "inference/test_caption.py::test_patients_of_other_scripts_are_told_apart",
            "inference/test_lettering.py::test_names_of_other_scripts_are_drawn_and_differ[Korean]",
            "web/test_exam_report.py::test_the_pdf_has_letters_for_patients_of_other_scripts",
        ),
        "... with a character": (
            "inference/test_lettering.py::test_a_character_that_no_font_has_is_written_as_its_code",
        ),
    },
}
NAMED = sorted({test for rows in ROWS.values() for tests in rows.values() for test in tests})


def cases_of(section: str) -> list[str]:
    """First cells of its tables of cases; a table of measurements has another heading."""
    text = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", CONTRACT.read_text("utf-8"), re.M | re.S)
    tables = re.findall(r"^\| (?:case|syntax) \|.*\n\|[-|]+\n((?:\|.*\n?)+)", text[1] if text else "", re.M)
    return [line.split("|")[1].strip() for table in tables for line in table.splitlines()]


@pytest.mark.parametrize("section", ROWS)
def test_every_case_has_its_test_and_every_test_its_case(section):
    cases, known = cases_of(section), ROWS[section]
    found = [[words for words in known if case.startswith(words)] for case in cases]
    assert all(len(words) == 1 for words in found), [
        case for case, words in zip(cases, found, strict=True) if not words
    ]
    assert {words for (words,) in found} == set(known)


def test_no_section_with_cases_is_left_out():
    sections = re.findall(r"^## (.+)$", CONTRACT.read_text("utf-8"), re.M)
    assert {section for section in sections if cases_of(section)} == set(ROWS)


@pytest.mark.parametrize("named", NAMED)
def test_the_test_of_a_row_is_there(named):
    file, function = named.split("::")
    name, _, parameter = function.partition("[")
    source = (TESTS / file).read_text("utf-8")
    assert re.search(rf"^def {name}\(", source, re.M)
    assert parameter.rstrip("]") in source
